"""The standard recipe trains in both of its phases on TensorFlow and on JAX, by the same code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# A process of its own: Keras has one backend for the life of a process.
_SCRIPT = """
import json, sys
from dataclasses import replace
from pathlib import Path
import numpy as np
from tests.factories import make_phantom_file
from tumorscope.datasets.example import Example, ImageFileReference
from tumorscope.datasets.splits import Split
from tumorscope.model.vgg16 import build_vgg16, convolution_layers
from tumorscope.training.recipes import load_recipe
from tumorscope.training.run import run_recipe

folder = Path(sys.argv[1])
recipe = load_recipe("vgg16_transfer")
recipe = replace(recipe, stages=tuple(replace(stage, size=32, epochs=1) for stage in recipe.stages), batch_size=4)
examples = []
for i, label in enumerate(recipe.class_names):
    file = folder / f"{i}.png"
    file.write_bytes(make_phantom_file(seed=i, size=64))
    examples.append(Example(ImageFileReference(file), label, f"p{i}", "phantoms"))
published = {}
for layer in convolution_layers(build_vgg16(4, 32)):
    published[f"{layer.name}/kernel"], published[f"{layer.name}/bias"] = layer.get_weights()
np.savez(folder / "published.npz", **published)
trained = run_recipe(recipe, Split(tuple(examples), tuple(examples)), folder / "run", folder / "published.npz")
moved = [name for name, array in published.items() if not np.array_equal(array, trained.weights[name])]
epochs = [(int(row["stage"]), row["training_loss"]) for row in trained.record["epochs"]]
print("RESULT" + json.dumps({"backend": trained.record["backend"], "moved": moved, "epochs": epochs}))
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_standard_recipe_trains_in_both_phases(backend: str, tmp_path: Path) -> None:
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(Path(__file__).parents[4])}
    ended = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(tmp_path)], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    result = json.loads(ended.stdout.split("RESULT")[1])
    assert result["backend"] == backend
    # One epoch of each phase; the base stays as published but for its last three convolutions.
    assert [stage for stage, _ in result["epochs"]] == [0, 1]
    assert all(loss > 0 for _, loss in result["epochs"])
    assert {name.split("/")[0] for name in result["moved"]} == {"block5_conv1", "block5_conv2", "block5_conv3"}
