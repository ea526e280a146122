"""``tumorscope calibrate``, from class folders and a split to a bundle that can say "uncertain" and "out of scope"."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.factories import make_phantom_file, write_tiny_bundle
from tumorscope.cli import app
from tumorscope.domain.errors import EvaluationError
from tumorscope.domain.scan import Slice
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.inference.golden import check_golden_answers
from tumorscope.inference.pipeline import predict_scan
from tumorscope.model.bundle import read_bundle, write_bundle

_FOLDERS = ("glioma", "meningioma", "notumor", "pituitary")


def run_command(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None:
        raise result.exception
    return result.output


def prepare_bundle(folder: Path, class_names: tuple[str, ...] | None = None) -> tuple[Path, Path]:
    """A bundle that holds a split, and the class folders that it is of."""
    bundle = folder / "bundle"
    write_tiny_bundle(bundle) if class_names is None else write_tiny_bundle(bundle, class_names)
    for place, name in enumerate(_FOLDERS):
        (folder / "data" / name).mkdir(parents=True)
        for number in range(12):
            picture = make_phantom_file(seed=1 + place * 12 + number, lesion=name != "notumor", size=96)
            (folder / "data" / name / f"{number}.png").write_bytes(picture)
    run_command("split", folder / "data", "--folds", 2, "--output", folder / "folds")
    loaded = read_bundle(bundle)
    split = sorted((folder / "folds").glob("*.json"))[0].read_bytes()
    write_bundle(bundle, loaded.manifest, loaded.weights, loaded.golden_files, {"split.json": split})
    return bundle, folder / "data"


def test_bundle_gets_a_trust_layer_and_reproduces_its_golden_answers(tmp_path: Path) -> None:
    bundle, data = prepare_bundle(tmp_path)
    output = run_command("calibrate", bundle, data, "--version", "0.2.0")
    assert "balanced_answered" in output
    calibrated = read_bundle(bundle)
    assert calibrated.manifest.version == "0.2.0"
    assert calibrated.manifest.trust is not None
    assert calibrated.scope is not None
    assert json.loads((bundle / "split.json").read_text(encoding="utf-8"))
    classifier = Classifier(calibrated, TensorFlowEngine(calibrated))
    check_golden_answers(classifier)
    noise = np.random.default_rng(0).integers(0, 256, (128, 128)).astype(np.uint8)
    refused = predict_scan(classifier, Slice(noise, "png")).prediction
    assert [reason.code for reason in refused.reasons] == ["not_brain_mri"]
    # Calibrating again is no different.
    run_command("calibrate", bundle, data)
    assert read_bundle(bundle).manifest.trust == calibrated.manifest.trust


def test_model_of_grades_is_refused_in_a_sentence(tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path / "bundle", ("hgg", "lgg"))
    with pytest.raises(EvaluationError, match="tell tumour from none"):
        run_command("calibrate", bundle, tmp_path)


_RECIPE_FILE = """
from dataclasses import replace
from tests.backend.unit.training.networks import RECIPE as SMALL
from tumorscope.datasets.discover import discover_examples
RECIPE = replace(SMALL, read_examples=lambda data: discover_examples(data, SMALL.class_names))
"""


def test_pruned_bundle_is_a_smaller_model_that_serves(tmp_path: Path) -> None:
    bundle, data = prepare_bundle(tmp_path)
    to = ("--share", 0.02, "--data", data, "--output", tmp_path / "pruned", "--version", "0.2.0")
    with pytest.raises(EvaluationError, match="name it with --recipe"):
        run_command("prune", bundle, *to)
    recipe = tmp_path / "recipe.py"
    recipe.write_text(_RECIPE_FILE, encoding="utf-8")
    run_command("prune", bundle, "--recipe", recipe, *to)
    whole, pruned = read_bundle(bundle), read_bundle(tmp_path / "pruned")
    assert pruned.manifest.version == "0.2.0"
    assert pruned.weights["block5_conv3/kernel"].size < whole.weights["block5_conv3/kernel"].size / 2
    record = pruned.manifest.training["pruned"]
    assert record["of"] == whole.sha256
    assert 0 < record["multiplications"] <= 0.02
    check_golden_answers(Classifier(pruned, TensorFlowEngine(pruned)))
