"""The lower layers start from a file, and every layer starts well scaled."""

from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.backend.unit.training.networks import make_samples, small_network
from tumorscope.domain.errors import TrainingError
from tumorscope.model.vgg16 import convolution_layers
from tumorscope.training.networks import to_input
from tumorscope.training.warm_start import copy_initial_weights, read_initial_weights, scale_layers


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return small_network()


def _arrays(network: keras.Model, count: int) -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(0)
    arrays = {}
    for layer in convolution_layers(network)[:count]:
        arrays[f"{layer.name}/kernel"] = rng.random(layer.kernel.shape, np.float32)
        arrays[f"{layer.name}/bias"] = rng.random(layer.bias.shape, np.float32)
    return arrays


def _write(folder: Path, arrays: Mapping[str, NDArray[np.float32]]) -> Path:
    np.savez(folder / "weights.npz", **dict(arrays))  # type: ignore[arg-type]
    return folder / "weights.npz"


def _state(network: keras.Model) -> list[list[NDArray[np.float32]]]:
    return [layer.get_weights() for layer in convolution_layers(network)]


def test_layers_are_copied_until_the_first_that_is_missing(network: keras.Model) -> None:
    arrays = _arrays(network, 5)
    del arrays["block2_conv2/kernel"]
    before = _state(network)
    assert copy_initial_weights(network, arrays) == 3
    after = _state(network)
    for layer, (kernel, bias) in zip(convolution_layers(network)[:3], after[:3], strict=True):
        np.testing.assert_array_equal(kernel, arrays[f"{layer.name}/kernel"])
        np.testing.assert_array_equal(bias, arrays[f"{layer.name}/bias"])
    for kept, (kernel, _) in zip(before[3:], after[3:], strict=True):
        np.testing.assert_array_equal(kernel, kept[0])


def test_layer_of_another_shape_ends_the_copying(network: keras.Model) -> None:
    arrays = {**_arrays(network, 4), "block2_conv1/kernel": np.zeros((3, 3, 64, 64), np.float32)}
    assert copy_initial_weights(network, arrays) == 2


def test_layers_that_the_network_lacks_are_passed_over(network: keras.Model) -> None:
    arrays = {**_arrays(network, 7), "block3_conv4/kernel": np.zeros((3, 3, 256, 256), np.float32)}
    assert copy_initial_weights(network, arrays) == 7


def test_head_is_copied_where_its_shape_fits(network: keras.Model) -> None:
    kernel, bias = (np.ones_like(array) for array in network.get_layer("dense").get_weights())
    of_three_classes = np.zeros((128, 3), np.float32)
    arrays = {**_arrays(network, 13), "dense/kernel": kernel, "dense/bias": bias, "logits/kernel": of_three_classes}
    assert copy_initial_weights(network, arrays) == 14
    np.testing.assert_array_equal(network.get_layer("dense").get_weights()[0], kernel)


def test_weights_of_another_network_are_refused(network: keras.Model) -> None:
    with pytest.raises(TrainingError, match="block1_conv1"):
        copy_initial_weights(network, {"conv1/kernel": np.zeros(3, np.float32)})


def test_npz_file_is_read_as_it_was_written(network: keras.Model, tmp_path: Path) -> None:
    arrays = _arrays(network, 2)
    read = read_initial_weights(_write(tmp_path, arrays))
    assert set(read) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)


def test_keras_own_file_without_top_is_read(tmp_path: Path) -> None:
    published = keras.applications.VGG16(include_top=False, weights=None, input_shape=(128, 128, 3))
    file = tmp_path / "vgg16_notop.weights.h5"
    published.save_weights(file)
    network = small_network()
    assert copy_initial_weights(network, read_initial_weights(file)) == 13
    for layer in convolution_layers(network):
        np.testing.assert_array_equal(layer.get_weights()[0], published.get_layer(layer.name).get_weights()[0])


def test_file_that_is_absent_or_no_weights_is_refused_with_what_to_do(tmp_path: Path) -> None:
    for name, content in (("absent.npz", None), ("noise.npz", b"noise"), ("noise.h5", b"noise")):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(TrainingError, match=r"--initial-weights|\.h5 is read"):
            read_initial_weights(tmp_path / name)


def test_scaled_layers_have_outputs_of_about_one() -> None:
    network = small_network()
    for layer in convolution_layers(network):
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel * 3, bias])
    pixels = to_input(np.stack([sample.pixels for sample in make_samples()]))
    scale_layers(network, pixels)
    names = [*(layer.name for layer in convolution_layers(network)), "dense", "logits"]
    outputs = keras.Model(network.input, [network.get_layer(name).output for name in names])(pixels, training=False)
    sizes = [float(np.sqrt(np.mean(np.square(output)))) for output in outputs]
    np.testing.assert_allclose(sizes[:-1], 1, atol=0.01)
    # A classifier that starts unsure.
    assert sizes[-1] == pytest.approx(0.3, abs=0.01)


def test_scaling_changes_nothing_but_the_scale() -> None:
    network = small_network()
    rng = np.random.default_rng(0)
    for layer in convolution_layers(network):
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel, rng.normal(0, 0.3, bias.shape)])
    pixels = to_input(np.stack([sample.pixels for sample in make_samples()]))
    before = np.asarray(network(pixels, training=False))
    scale_layers(network, pixels)
    after = np.asarray(network(pixels, training=False))
    np.testing.assert_allclose(after / np.abs(after).max(), before / np.abs(before).max(), atol=1e-3)


def test_layers_that_stay_as_published_are_not_scaled() -> None:
    network = small_network()
    before = _state(network)
    scale_layers(network, to_input(np.stack([sample.pixels for sample in make_samples()])), first=13)
    for (kernel, _), (kept, _) in zip(before, _state(network), strict=True):
        np.testing.assert_array_equal(kernel, kept)
