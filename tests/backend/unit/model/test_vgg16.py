"""The network is VGG16 without its top, with the recipe's head."""

import keras
import numpy as np
import pytest

from tumorscope.model.vgg16 import build_vgg16, convolution_layers
from tumorscope.model.vgg16_layers import LAST_CONVOLUTION


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return build_vgg16(4, 32)


def test_thirteen_convolutions_have_the_published_names_and_parameters(network: keras.Model) -> None:
    convolutions = convolution_layers(network)
    assert [layer.name for layer in convolutions] == [
        *("block1_conv1", "block1_conv2"),
        *("block2_conv1", "block2_conv2"),
        *("block3_conv1", "block3_conv2", "block3_conv3"),
        *("block4_conv1", "block4_conv2", "block4_conv3"),
        *("block5_conv1", "block5_conv2", "block5_conv3"),
    ]
    assert sum(layer.count_params() for layer in convolutions) == 14_714_688
    assert convolutions[0].count_params() == 1_792
    assert convolutions[-1].count_params() == 2_359_808


def test_head_is_the_recipes(network: keras.Model) -> None:
    head = [layer.name for layer in network.layers[-6:]]
    assert head == ["block5_pool", "flatten", "dropout_features", "dense", "dropout_dense", "logits"]
    assert (network.get_layer("dropout_features").rate, network.get_layer("dropout_dense").rate) == (0.3, 0.2)
    assert network.get_layer("dense").units == 128
    assert network.output.shape == (None, 4)


def test_weights_of_the_served_size_fit_into_35_megabytes() -> None:
    # Half precision: two bytes a weight.
    assert build_vgg16(4, 128).count_params() * 2 < 35_000_000


def test_last_convolution_can_be_reached_in_one_step(network: keras.Model) -> None:
    features = keras.Model(network.input, network.get_layer(LAST_CONVOLUTION).output)
    pixels = np.zeros((2, 32, 32, 3), np.float32)
    assert LAST_CONVOLUTION == "block5_conv3"
    assert features(pixels, training=False).shape == (2, 2, 2, 512)


def test_pixels_are_put_on_imagenets_scale(network: keras.Model) -> None:
    scale = keras.Model(network.input, network.get_layer("imagenet_scale").output)
    white = np.asarray(scale(np.ones((1, 32, 32, 3), np.float32)))[0, 0, 0]
    np.testing.assert_allclose(white, [255 - 103.939, 255 - 116.779, 255 - 123.68], rtol=1e-5)


def test_half_precision_gives_float32_logits_from_float32_weights() -> None:
    network = build_vgg16(3, 32, precision="mixed_bfloat16")
    assert {str(variable.dtype) for variable in network.weights} == {"float32"}
    assert str(network.output.dtype) == "float32"
    assert str(network.get_layer(LAST_CONVOLUTION).output.dtype) == "bfloat16"
