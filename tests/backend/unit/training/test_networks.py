"""A network is training_network for training, and its weights are carried to another input size."""

import keras
import numpy as np
import pytest

from tests.backend.unit.training.networks import make_samples, small_network, training_network
from tumorscope.training.batch_norm import fold_batch_norm
from tumorscope.training.networks import build_plain, build_training_network, carry_weights, predict_logits, to_input


def _dense_by_cell(network: keras.Model, cells: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    kernel: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = network.get_layer("dense").get_weights()[0]
    return kernel.reshape(cells, cells, 512, 128)


@pytest.mark.parametrize(("size", "larger"), [(64, 128), (64, 96), (96, 128)])
def test_weights_of_the_finer_map_count_as_much_as_those_of_the_coarser(size: int, larger: int) -> None:
    source, target = training_network(size), training_network(larger, seed=1)
    # A kernel that is the same for all cells must stay so, and a map of ones must give what it gave.
    kernel, bias = source.get_layer("dense").get_weights()
    source.get_layer("dense").set_weights([np.tile(kernel[:512], (len(kernel) // 512, 1)), bias])
    carry_weights(source, target)
    few, many = _dense_by_cell(source, size // 32), _dense_by_cell(target, larger // 32)
    np.testing.assert_allclose(many.sum(axis=(0, 1)), few.sum(axis=(0, 1)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(many[0, 0], many[-1, -1], rtol=1e-5)


def test_corner_of_the_coarser_map_is_the_corner_of_the_finer() -> None:
    source, target = training_network(64), training_network(128, seed=1)
    carry_weights(source, target)
    few, many = _dense_by_cell(source, 2), _dense_by_cell(target, 4)
    for corner in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        np.testing.assert_allclose(many[corner] * 4, few[corner], rtol=1e-4, atol=1e-6)


def test_every_other_layer_is_carried_over_as_it_is() -> None:
    source, target = training_network(32), training_network(64, seed=1)
    carry_weights(source, target)
    for layer in source.layers:
        if layer.name != "dense":
            for value, expected in zip(target.get_layer(layer.name).get_weights(), layer.get_weights(), strict=True):
                np.testing.assert_array_equal(value, expected)


def test_equipping_changes_no_answer() -> None:
    plain = small_network()
    pixels = np.stack([sample.pixels for sample in make_samples(4)])
    expected = np.asarray(plain(to_input(pixels), training=False))
    bare = build_training_network(plain, "float32", batch_norm=False, tumor_map=True)
    np.testing.assert_allclose(predict_logits(bare, pixels), expected, atol=1e-5)


def test_map_of_tumour_has_a_cell_for_sixteen_pixels() -> None:
    assert training_network(64).output["tumor_map"].shape[1:] == (4, 4, 1)


def test_what_is_shipped_is_plain_vgg16_with_the_same_answers() -> None:
    network = training_network()
    folded = build_plain(4, 32, 0, "float32")
    fold_batch_norm(network, folded)
    pixels = np.stack([sample.pixels for sample in make_samples(4)])
    np.testing.assert_allclose(
        np.asarray(folded(to_input(pixels), training=False)), predict_logits(network, pixels), atol=1e-3
    )
    assert "tumor_map" not in {layer.name for layer in folded.layers}
