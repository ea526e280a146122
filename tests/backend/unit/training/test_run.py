"""A recipe runs from its examples to the weights that ship; interrupted, it ends as if it had not been."""

import csv
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from tensorboardX import SummaryWriter

from tests.backend.unit.training.networks import FROZEN, RECIPE
from tests.factories import make_phantom_file
from tumorscope.datasets.example import Example, ImageFileReference, RelativeBox
from tumorscope.datasets.splits import Split
from tumorscope.domain.errors import TrainingError
from tumorscope.model.vgg16 import build_vgg16
from tumorscope.model.vgg16_layers import CONVOLUTION_NAMES
from tumorscope.training import networks, run
from tumorscope.training.recipe import Mixture, Recipe, Stage
from tumorscope.training.run import Trained, run_recipe, write_epoch
from tumorscope.training.train import EpochLog

_STAGES = (
    Stage(size=32, epochs=2, peak_learning_rate=1e-3, frozen_convolutions=FROZEN),
    Stage(
        size=64,
        epochs=1,
        peak_learning_rate=1e-3,
        frozen_convolutions=FROZEN,
        mixture=Mixture(hard_negatives=2),
    ),
)
_RECIPE = replace(RECIPE, stages=_STAGES)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    """Four classes of phantoms, eight pictures to learn from."""
    folder = tmp_path_factory.mktemp("pictures")
    examples = []
    for i in range(12):
        label = RECIPE.class_names[i % 4]
        file = folder / f"{i}.png"
        file.write_bytes(make_phantom_file(lesion=label != "no_tumor", size=96, seed=i))
        box = None if label == "no_tumor" else RelativeBox(0.35, 0.45, 0.15, 0.15)
        examples.append(Example(ImageFileReference(file), label, f"p{i}", "phantoms", box=box))
    return Split(tuple(examples[:8]), tuple(examples[8:]))


@pytest.fixture(scope="module")
def whole(split: Split, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, Path]:
    """An uninterrupted run."""
    folder = tmp_path_factory.mktemp("whole")
    return run_recipe(_RECIPE, split, folder, None), folder


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """VGG16 with 32 filters a layer, where its width is not what is tested."""
    monkeypatch.setattr(networks, "build_vgg16", partial(build_vgg16, filters=dict.fromkeys(CONVOLUTION_NAMES, 32)))


def _stop_after(monkeypatch: pytest.MonkeyPatch, stage: int, epoch: int) -> None:
    """Interrupt behind the checkpoint of one epoch, as a Ctrl-C would."""

    def write_and_stop(folder: Path, events: SummaryWriter, log: EpochLog) -> None:
        write_epoch(folder, events, log)
        if (log.stage, log.epoch) == (stage, epoch):
            raise KeyboardInterrupt

    monkeypatch.setattr(run, "write_epoch", write_and_stop)


@pytest.mark.parametrize(("stage", "epoch"), [(0, 1), (0, 2)], ids=["within a stage", "between two stages"])
def test_interrupted_run_ends_as_an_uninterrupted_one(
    whole: tuple[Trained, Path], split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: int, epoch: int
) -> None:
    with monkeypatch.context() as patch:
        _stop_after(patch, stage, epoch)
        with pytest.raises(KeyboardInterrupt):
            run_recipe(_RECIPE, split, tmp_path, None)
    resumed = run_recipe(_RECIPE, split, tmp_path, None)
    assert set(resumed.weights) == set(whole[0].weights)
    for name, expected in whole[0].weights.items():
        np.testing.assert_allclose(resumed.weights[name], expected, atol=1e-4, err_msg=name)
    for row, expected_row in zip(resumed.record["epochs"], whole[0].record["epochs"], strict=True):
        assert row == pytest.approx(expected_row, abs=1e-3)


def test_weights_are_those_of_plain_vgg16(whole: tuple[Trained, Path]) -> None:
    shapes = {variable.path: tuple(variable.shape) for variable in build_vgg16(4, 64).weights}
    assert {name: array.shape for name, array in whole[0].weights.items()} == shapes


def test_record_states_what_the_run_was(whole: tuple[Trained, Path], split: Split) -> None:
    record = whole[0].record
    assert (record["recipe"], record["split_sha256"], record["leakage_allowed"]) == ("small", split.sha256, False)
    assert record["training_slices"] == dict.fromkeys(RECIPE.class_names, 2)
    assert (record["training_patients"], record["validation_patients"]) == (8, 4)
    assert [(row["stage"], row["epoch"], row["size"]) for row in record["epochs"]] == [
        (0, 1, 32),
        (0, 2, 32),
        (1, 1, 64),
    ]


def test_logs_are_a_table_and_tensorboards_events(whole: tuple[Trained, Path]) -> None:
    with (whole[1] / "epochs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "1"]
    assert {"training_loss", "validation_loss", "validation_accuracy", "learning_rate"} <= set(rows[0])
    (events,) = (whole[1] / "tensorboard").glob("events.out.tfevents.*")
    assert b"validation_accuracy" in events.read_bytes()


@pytest.mark.parametrize(
    "other",
    [replace(_RECIPE, seed=2), replace(_RECIPE, label_smoothing=0.1), replace(_RECIPE, augmentations=())],
    ids=["seed", "loss", "augmentation"],
)
def test_run_of_other_settings_is_not_gone_on_with(whole: tuple[Trained, Path], split: Split, other: Recipe) -> None:
    with pytest.raises(TrainingError, match="other data or settings"):
        run_recipe(other, split, whole[1], None)


def test_run_on_other_patients_is_not_gone_on_with(whole: tuple[Trained, Path], split: Split) -> None:
    with pytest.raises(TrainingError, match="other data or settings"):
        run_recipe(_RECIPE, Split(split.validation, split.training), whole[1], None)


def test_empty_part_is_refused(split: Split, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="training part"):
        run_recipe(_RECIPE, Split((), split.validation), tmp_path, None)
    with pytest.raises(TrainingError, match="validation part"):
        run_recipe(_RECIPE, Split(split.training, ()), tmp_path, None)


def test_absent_initial_weights_are_refused_before_anything_is_written(split: Split, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="--initial-weights"):
        run_recipe(_RECIPE, split, tmp_path / "run", tmp_path / "absent.npz")
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("batch_norm", [True, False])
def test_last_stage_may_ask_for_evidence_and_starts_where_the_one_before_ended(
    split: Split, tmp_path: Path, batch_norm: bool
) -> None:
    first = Stage(size=32, epochs=1, peak_learning_rate=1e-3, frozen_convolutions=FROZEN)
    asking = replace(first, attribution_weight=0.3, peak_learning_rate=1e-9)
    recipe = replace(RECIPE, batch_norm=batch_norm, tumor_map_weight=1.0)
    before = run_recipe(replace(recipe, stages=(first,)), split, tmp_path / "before", None)
    after = run_recipe(replace(recipe, stages=(first, asking)), split, tmp_path / "after", None)
    # So small a rate changes nothing: what is left is that the normalisation was folded away.
    for name, expected in before.weights.items():
        np.testing.assert_allclose(
            after.weights[name], expected, atol=1e-4 * np.abs(expected).max() + 1e-6, err_msg=name
        )
    moved = run_recipe(
        replace(recipe, stages=(first, replace(asking, peak_learning_rate=1e-2))), split, tmp_path / "moved", None
    )
    assert not np.allclose(moved.weights["dense/kernel"], before.weights["dense/kernel"], atol=1e-4)


@pytest.mark.usefixtures("narrow")
def test_stage_with_normalisation_goes_on_where_one_that_asked_for_evidence_ended(split: Split, tmp_path: Path) -> None:
    first = Stage(size=32, epochs=1, peak_learning_rate=1e-3, frozen_convolutions=FROZEN)
    asking = replace(first, attribution_weight=0.3)
    again = replace(first, peak_learning_rate=1e-9)
    recipe = replace(RECIPE, batch_norm=True, tumor_map_weight=1.0)
    before = run_recipe(replace(recipe, stages=(first, asking)), split, tmp_path / "before", None)
    after = run_recipe(replace(recipe, stages=(first, asking, again)), split, tmp_path / "after", None)
    # Meanwhile the moments have moved, which rescales a filter and turns none.
    for name in ("block5_conv3/kernel", "dense/kernel"):
        filters = [run.weights[name].reshape(-1, run.weights[name].shape[-1]) for run in (before, after)]
        directions = [one / np.linalg.norm(one, axis=0) for one in filters]
        np.testing.assert_allclose(directions[1], directions[0], atol=1e-4, err_msg=name)
    np.testing.assert_allclose(after.weights["logits/kernel"], before.weights["logits/kernel"], atol=1e-5)
    with pytest.raises(TrainingError, match="size of its neighbouring stages"):
        run_recipe(replace(recipe, stages=(first, asking, replace(again, size=64))), split, tmp_path / "other", None)


@pytest.mark.usefixtures("narrow")
def test_weights_are_the_mean_of_those_that_the_named_stages_end_with(split: Split, tmp_path: Path) -> None:
    first = Stage(size=32, epochs=1, peak_learning_rate=1e-3, frozen_convolutions=FROZEN)
    recipe = replace(RECIPE, stages=(first, first), batch_norm=True)
    alone = run_recipe(replace(RECIPE, stages=(first,), batch_norm=True), split, tmp_path / "alone", None)
    last = run_recipe(recipe, split, tmp_path / "last", None)
    both = run_recipe(replace(recipe, averaged_stages=(0, 1)), split, tmp_path / "both", None)
    for name, weights in both.weights.items():
        mean = (alone.weights[name] + last.weights[name]) / 2
        np.testing.assert_allclose(weights, mean, atol=1e-4 * np.abs(mean).max() + 1e-7, err_msg=name)


def test_first_stage_cannot_ask_for_evidence(split: Split, tmp_path: Path) -> None:
    asking = Stage(size=32, epochs=1, peak_learning_rate=1e-3, attribution_weight=0.3)
    with pytest.raises(TrainingError, match="follows one of its own size"):
        run_recipe(replace(RECIPE, stages=(asking,)), split, tmp_path, None)
