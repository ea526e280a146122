"""Counterfactual pictures, the loss, and a run that may be interrupted."""

from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from tumorscope.imaging.phantom import draw_phantom
from tumorscope.model.vgg16 import build_vgg16, convolution_layers
from tumorscope.training.augmentation import augment
from tumorscope.training.batch_norm import add_batch_norm, fold_batch_norm
from tumorscope.training.counterfactuals import blend_lesion, remove_tumor
from tumorscope.training.pictures import Pictures
from tumorscope.training.train import EpochLog, Stage, expand_head, label_set_loss, predict_logits, train_stage
from tumorscope.training.warm_start import load_initial_weights, scale_layers

Grey = NDArray[np.float32]


def _head(seed: int = 1, size: int = 128) -> Grey:
    return np.divide(draw_phantom(seed, lesion=False, size=size), 255, dtype=np.float32)


def test_removed_tumour_is_replaced_by_the_other_side() -> None:
    head = _head()
    sick = head.copy()
    sick[50:62, 38:50] = 1.0
    healed = remove_tumor(sick, (56, 44, 6, 6))
    assert healed is not None
    assert np.abs(healed[50:62, 38:50] - head[50:62, 38:50]).mean() < 0.1
    np.testing.assert_array_equal(healed[80:], sick[80:])


def test_tumour_on_the_midline_has_no_other_side() -> None:
    assert remove_tumor(_head(), (64, 64, 10, 10)) is None


def test_blended_lesion_stands_out_only_where_it_is() -> None:
    donor = _head(2)
    donor[40:56, 40:56] = 1.0
    healthy = _head(3)
    blended = blend_lesion(healthy, donor, (48, 48, 8, 8), np.random.default_rng(0), keep_contrast=False)
    assert blended is not None
    changed = np.abs(blended - healthy) > 0.02
    assert 0.001 < changed.mean() < 0.15
    assert blended.min() >= 0
    assert blended.max() <= 1


def test_augmentation_is_seeded_and_keeps_the_range() -> None:
    first, second, other = (augment(_head(), np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)
    assert first.shape == (128, 128)
    assert first.dtype == np.float32
    assert first.min() >= 0
    assert first.max() <= 1


def test_loss_is_cross_entropy_for_one_class_and_of_the_sum_for_several() -> None:
    logits = np.array([[2.0, 1.0, 0.0, -1.0]], np.float32)
    probabilities = np.exp(logits) / np.exp(logits).sum()
    loss = label_set_loss(0.0)
    one = float(loss(np.array([[0, 1, 0, 0]], np.float32), logits)[0])
    several = float(loss(np.array([[1, 1, 0, 1]], np.float32), logits)[0])
    assert one == pytest.approx(-np.log(probabilities[0, 1]), abs=1e-5)
    assert several == pytest.approx(-np.log(1 - probabilities[0, 2]), abs=1e-5)


def _small_network(size: int = 32, seed: int = 0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    network = build_vgg16(4, size, "all")
    for layer in convolution_layers(network)[:10]:
        layer.trainable = False
    network.get_layer("block1_conv1").set_weights(
        [network.get_layer("block1_conv1").get_weights()[0] / 255, np.zeros(64, np.float32)]
    )
    return network


def _pictures(count: int = 8, size: int = 32) -> Pictures:
    grey = np.stack([_head(seed, size) for seed in range(count)]).astype(np.float16)
    return Pictures(grey, np.eye(4, dtype=np.float32)[np.arange(count) % 4])


class _Interrupted(Exception):
    """Stands for a Ctrl-C."""


def _train(network: keras.Model, checkpoint: Path, stop_after: int | None = None) -> list[EpochLog]:
    logs: list[EpochLog] = []

    def finish_epoch(log: EpochLog) -> None:
        logs.append(log)
        if log.epoch == stop_after:
            raise _Interrupted

    stage = Stage(size=32, epochs=3, peak_learning_rate=1e-3)
    train_stage(
        network,
        0,
        stage,
        _pictures(),
        _pictures(4),
        batch_size=4,
        label_smoothing=0.0,
        seed=1,
        checkpoint=checkpoint,
        advance=lambda _loss: None,
        finish_epoch=finish_epoch,
    )
    return logs


def test_resumed_run_ends_where_an_uninterrupted_one_does(tmp_path: Path) -> None:
    whole = add_batch_norm(_small_network(), "float32")
    _train(whole, tmp_path / "whole.npz")
    interrupted = add_batch_norm(_small_network(), "float32")
    with pytest.raises(_Interrupted):
        _train(interrupted, tmp_path / "checkpoint.npz", stop_after=1)
    # A new process knows nothing but the checkpoint.
    resumed = add_batch_norm(_small_network(seed=9), "float32")
    assert [log.epoch for log in _train(resumed, tmp_path / "checkpoint.npz")] == [2, 3]
    for expected, value in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_allclose(value, expected, atol=1e-4)


def test_folding_the_normalisation_changes_no_answer(tmp_path: Path) -> None:
    plain = _small_network()
    normalised = add_batch_norm(plain, "float32")
    _train(normalised, tmp_path / "checkpoint.npz")
    expected = predict_logits(normalised, _pictures().grey)
    fold_batch_norm(normalised, plain)
    np.testing.assert_allclose(predict_logits(plain, _pictures().grey), expected, atol=1e-3)


def test_weights_of_a_cell_are_spread_over_the_cells_that_take_its_place() -> None:
    small, large = _small_network(64), _small_network(128, seed=1)
    expand_head(small, large)
    kernel = small.get_layer("dense").get_weights()[0].reshape(2, 2, 512, 128)
    grown = large.get_layer("dense").get_weights()[0].reshape(4, 4, 512, 128)
    for row, column in np.ndindex(2, 2):
        place = grown[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        np.testing.assert_allclose(place.sum(axis=(0, 1)), kernel[row, column], rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(*(network.get_layer("block5_conv3").get_weights()[0] for network in (small, large)))


def test_warm_start_copies_until_the_first_layer_that_is_missing(tmp_path: Path) -> None:
    network = _small_network()
    rng = np.random.default_rng(0)
    arrays = {}
    for layer in convolution_layers(network)[:3]:
        arrays[f"{layer.name}/kernel"] = rng.random(layer.kernel.shape, np.float32)
        arrays[f"{layer.name}/bias"] = rng.random(layer.bias.shape, np.float32)
    np.savez(tmp_path / "weights.npz", **arrays)
    assert load_initial_weights(network, tmp_path / "weights.npz") == 3
    np.testing.assert_array_equal(convolution_layers(network)[2].get_weights()[0], arrays["block2_conv1/kernel"])


def test_scaled_layers_give_outputs_of_about_one() -> None:
    network = _small_network()
    pixels = np.repeat(_pictures().grey.astype(np.float32)[..., None], 3, axis=-1)
    scale_layers(network, pixels)
    for name in ("block1_conv1", "block3_conv2", "block5_conv3", "dense"):
        output = keras.Model(network.input, network.get_layer(name).output)(pixels, training=False)
        assert float(np.sqrt(np.mean(np.square(output)))) == pytest.approx(1, abs=0.05)
