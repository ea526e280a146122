"""The recipes that come along, and one from a file of one's own."""

from dataclasses import replace
from pathlib import Path

import keras
import pytest

from tests.backend.unit.training.networks import RECIPE
from tumorscope.domain.errors import TrainingError
from tumorscope.model.vgg16 import convolution_layers
from tumorscope.training.networks import build_plain
from tumorscope.training.recipe import Stage
from tumorscope.training.recipes import list_recipes, load_recipe


def test_every_recipe_that_comes_along_can_be_loaded() -> None:
    assert {"tumorscope_default", "vgg16_transfer"} <= set(list_recipes())
    for name in list_recipes():
        assert load_recipe(name).name == name


def test_every_recipe_states_its_command_data_figures_and_hours() -> None:
    folder = Path(__file__).parents[4] / "backend" / "src" / "tumorscope" / "training" / "recipes"
    for name in list_recipes():
        text = (folder / f"{name}.py").read_text(encoding="utf-8")
        for line in ("Command:", "Data:", "Expected:", "Hours:"):
            assert f"\n{line}" in text, name


def test_recipe_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("from tests.backend.unit.training.networks import RECIPE\n")
    assert load_recipe(str(file)) == RECIPE


def test_recipe_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("")
    with pytest.raises(TrainingError, match="tumorscope_default"):
        load_recipe("no_such_recipe")
    with pytest.raises(TrainingError, match="holds no RECIPE"):
        load_recipe(str(tmp_path / "empty.py"))


def test_batch_normalisation_needs_the_same_frozen_layers_in_every_stage() -> None:
    stages = (
        Stage(size=32, epochs=1, peak_learning_rate=1e-3, frozen_convolutions=10),
        Stage(size=64, epochs=1, peak_learning_rate=1e-3, frozen_convolutions=4),
    )
    with pytest.raises(ValueError, match="freezes the same"):
        replace(RECIPE, stages=stages)
    assert replace(RECIPE, stages=stages, batch_norm=False).stages == stages


def test_stages_of_different_sizes_are_not_averaged() -> None:
    stages = tuple(Stage(size=size, epochs=1, peak_learning_rate=1e-3) for size in (32, 64, 64))
    assert replace(RECIPE, stages=stages, averaged_stages=(1, 2)).averaged_stages == (1, 2)
    with pytest.raises(ValueError, match="size of the last one"):
        replace(RECIPE, stages=stages, averaged_stages=(0, 2))


# (kernel 3 x 3 x inputs + 1 bias) x outputs of each convolution of VGG16's base (arXiv 1409.1556, table 1, D).
_BASE = {
    "block1_conv1": 1_792,
    "block1_conv2": 36_928,
    "block2_conv1": 73_856,
    "block2_conv2": 147_584,
    "block3_conv1": 295_168,
    "block3_conv2": 590_080,
    "block3_conv3": 590_080,
    "block4_conv1": 1_180_160,
    "block4_conv2": 2_359_808,
    "block4_conv3": 2_359_808,
    "block5_conv1": 2_359_808,
    "block5_conv2": 2_359_808,
    "block5_conv3": 2_359_808,
}


def test_standard_recipe_is_vgg16_layer_by_layer() -> None:
    assert sum(_BASE.values()) == 14_714_688
    frozen, tuned = load_recipe("vgg16_transfer").stages
    for stage, learning in ((frozen, set()), (tuned, {"block5_conv1", "block5_conv2", "block5_conv3"})):
        assert stage.size == 128
        network = build_plain(4, stage.size, stage.frozen_convolutions, "float32")
        layers = convolution_layers(network)
        assert {layer.name: layer.count_params() for layer in layers} == _BASE
        assert {layer.name for layer in layers if layer.trainable} == learning
        head = [layer for layer in network.layers if layer.name.startswith(("flatten", "drop", "dense", "logits"))]
        assert [type(layer) for layer in head] == [
            keras.layers.Flatten,
            keras.layers.Dropout,
            keras.layers.Dense,
            keras.layers.Dropout,
            keras.layers.Dense,
        ]
        assert (head[1].rate, head[2].units, head[3].rate, head[4].units) == (0.3, 128, 0.2, 4)
        assert head[2].activation is keras.activations.relu


def test_standard_recipe_adds_nothing_to_the_standard() -> None:
    recipe = load_recipe("vgg16_transfer")
    assert (recipe.batch_norm, recipe.tumor_map_weight, recipe.label_smoothing, recipe.weight_decay) == (False, 0, 0, 0)
    assert {step.name for step in recipe.augmentations} == {"flip", "rotation, scaling, shift"}
