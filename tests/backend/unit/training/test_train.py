"""A stage trains, may be interrupted anywhere between epochs, stops when nothing improves, and ends the same."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from scipy.special import logsumexp

from tests.backend.unit.training.networks import RECIPE, make_samples, training_network, with_patience
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.training.networks import predict_logits
from tumorscope.training.recipe import Recipe, Stage
from tumorscope.training.samples import Sample
from tumorscope.training.train import EpochLog, Observer, train_stage, warmup_cosine

Run = tuple[keras.Model, list[EpochLog], Path]


class _Interrupted(Exception):
    """Stands for a Ctrl-C."""


def _train(
    network: keras.Model,
    run_folder: Path,
    recipe: Recipe = RECIPE,
    stop_after: int | None = None,
    validation: Sequence[Sample] | None = None,
) -> list[EpochLog]:
    logs: list[EpochLog] = []

    def finish_epoch(log: EpochLog) -> None:
        logs.append(log)
        if log.epoch == stop_after:
            raise _Interrupted

    observer = Observer(lambda _steps: None, lambda _loss: None, finish_epoch)
    train_stage(network, recipe, 0, make_samples(8), validation or make_samples(4), run_folder, observer)
    return logs


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """An uninterrupted run: its network, its log, its folder."""
    folder = tmp_path_factory.mktemp("whole")
    network = training_network()
    return network, _train(network, folder), folder


def test_resumed_run_ends_where_an_uninterrupted_one_does(whole: Run, tmp_path: Path) -> None:
    with pytest.raises(_Interrupted):
        _train(training_network(), tmp_path, stop_after=1)
    # A new process knows nothing but the checkpoint.
    resumed = training_network(seed=9)
    logs = _train(resumed, tmp_path)
    assert [log.epoch for log in logs] == [2, 3]
    for expected, value in zip(whole[0].get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_allclose(value, expected, atol=1e-5)
    assert logs[-1].training_loss == pytest.approx(whole[1][-1].training_loss, abs=1e-5)
    assert logs[-1].validation_loss == pytest.approx(whole[1][-1].validation_loss, abs=1e-4)


def test_each_epoch_is_logged(whole: Run) -> None:
    assert [(log.stage, log.epoch, log.size) for log in whole[1]] == [(0, 1, 32), (0, 2, 32), (0, 3, 32)]
    for log in whole[1]:
        # Eight pictures, six of them once more without their tumour, two blends: as far as there is a place for them.
        assert 8 < log.samples <= 8 + 6 + 2
        assert np.isfinite([log.training_loss, log.validation_loss]).all()
        assert 0 <= log.validation_accuracy <= 1
        assert 0 < log.learning_rate <= 1e-3


def test_validation_figures_are_those_of_the_network(whole: Run) -> None:
    logits = predict_logits(whole[0], np.stack([sample.pixels for sample in make_samples(4)]))
    chosen = [DEFAULT_CLASS_NAMES[i] for i in logits.argmax(axis=1)]
    assert whole[1][-1].validation_accuracy == np.mean(
        [a == b.label for a, b in zip(chosen, make_samples(4), strict=True)]
    )
    losses = [np.log(np.exp(row).sum()) - row[i] for i, row in enumerate(logits)]
    assert whole[1][-1].validation_loss == pytest.approx(float(np.mean(losses)), abs=1e-4)


def test_training_changes_what_learns_and_leaves_what_is_frozen(whole: Run) -> None:
    fresh = training_network()
    layers = {"block1_conv1": False, "block4_conv3": False, "block5_conv1": True, "logits": True, "tumor_map": True}
    for name, moves in layers.items():
        before, after = (network.get_layer(name).get_weights()[0] for network in (fresh, whole[0]))
        assert np.array_equal(before, after) is not moves


def test_finished_stage_is_not_trained_again(whole: Run) -> None:
    restored = training_network(seed=9)
    assert _train(restored, whole[2]) == []
    for expected, value in zip(whole[0].get_weights(), restored.get_weights(), strict=True):
        np.testing.assert_array_equal(value, expected)


def _mislabelled() -> list[Sample]:
    """What is learned makes this worse: the training pictures, each with another's label."""
    labels = np.roll([sample.label for sample in make_samples(8)], 1)
    return [replace(sample, label=str(label)) for sample, label in zip(make_samples(8), labels, strict=True)]


def _loss(network: keras.Model, validation: Sequence[Sample]) -> float:
    logits = predict_logits(network, np.stack([sample.pixels for sample in validation])).astype(np.float64)
    truth = [DEFAULT_CLASS_NAMES.index(sample.label) for sample in validation]
    return float(np.mean(logsumexp(logits, axis=1) - logits[np.arange(len(truth)), truth]))


def test_stage_ends_early_and_goes_back_to_its_best_epoch(tmp_path: Path) -> None:
    recipe = with_patience(2, epochs=20, rate=3e-3)
    network = training_network()
    logs = _train(network, tmp_path, recipe, validation=_mislabelled())
    losses = [log.validation_loss for log in logs]
    best = int(np.argmin(losses))
    assert len(logs) == best + 1 + 2 < 20
    assert _loss(network, _mislabelled()) == pytest.approx(losses[best], rel=1e-3)


def test_stopped_stage_stays_stopped_when_it_is_resumed(tmp_path: Path) -> None:
    recipe = with_patience(1, epochs=20, rate=3e-3)
    first = training_network()
    assert len(_train(first, tmp_path, recipe, validation=_mislabelled())) < 20
    again = training_network(seed=9)
    assert _train(again, tmp_path, recipe, validation=_mislabelled()) == []
    for expected, value in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(value, expected)


def test_predictions_do_not_depend_on_the_batch_size(whole: Run) -> None:
    pixels = np.stack([sample.pixels for sample in make_samples(5)])
    logits = predict_logits(whole[0], pixels)
    assert logits.shape == (5, 4)
    assert logits.dtype == np.float32
    np.testing.assert_allclose(predict_logits(whole[0], pixels, batch_size=2), logits, atol=1e-3)


def test_learning_rate_rises_and_falls() -> None:
    schedule = warmup_cosine(Stage(size=32, epochs=4, peak_learning_rate=1e-3, warmup_epochs=0.5), steps_per_epoch=100)
    rates = np.array([float(schedule(step)) for step in range(0, 401, 10)])
    assert rates.argmax() == 5
    assert rates.max() == pytest.approx(1e-3, rel=1e-3)
    assert (np.diff(rates[:6]) > 0).all()
    assert (np.diff(rates[5:]) < 0).all()
    assert rates[0] == pytest.approx(1e-5, rel=1e-3)
