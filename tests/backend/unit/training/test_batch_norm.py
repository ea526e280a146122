"""Normalisation is added for training and folded away again, and no answer changes."""

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.backend.unit.training.networks import FROZEN, make_samples, small_network
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.model.vgg16 import convolution_layers
from tumorscope.training.batch_norm import add_batch_norm, adopt_moments, fold_batch_norm
from tumorscope.training.loss import label_set_loss
from tumorscope.training.networks import to_input
from tumorscope.training.samples import mark_allowed

_PIXELS = to_input(np.stack([sample.pixels for sample in make_samples()]))
_ALLOWED = np.stack([mark_allowed(sample.label, DEFAULT_CLASS_NAMES) for sample in make_samples()])


def _logits(network: keras.Model) -> NDArray[np.float32]:
    return np.asarray(network.predict_on_batch(_PIXELS))


@pytest.fixture(scope="module")
def plain() -> keras.Model:
    return small_network()


@pytest.fixture(scope="module")
def normalised(plain: keras.Model) -> keras.Model:
    """After a few steps, so that its moments, scales and shifts are its own."""
    network = add_batch_norm(plain, "float32")
    network.compile(keras.optimizers.Adam(1e-3), label_set_loss(0.0))
    for _ in range(3):
        network.train_on_batch(_PIXELS, _ALLOWED)
    return network


def test_every_learning_layer_that_ends_in_a_relu_is_normalised(plain: keras.Model) -> None:
    network = add_batch_norm(plain, "float32")
    norms = [layer.name for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    learning = [layer.name for layer in convolution_layers(plain)[FROZEN:]]
    assert norms == [f"{name}_norm" for name in (*learning, "dense")]


def test_layers_keep_their_names_weights_and_whether_they_learn(plain: keras.Model) -> None:
    network = add_batch_norm(plain, "float32")
    for layer in plain.layers[1:]:
        copy = network.get_layer(layer.name)
        assert copy.trainable == layer.trainable
        for value, expected in zip(copy.get_weights(), layer.get_weights(), strict=True):
            np.testing.assert_array_equal(value, expected)


def test_training_moves_the_moments(normalised: keras.Model) -> None:
    for layer in normalised.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            _, _, mean, variance = layer.get_weights()
            assert np.abs(mean).max() > 1e-3
            assert np.abs(variance - 1).max() > 1e-3


def test_folding_changes_no_answer(normalised: keras.Model) -> None:
    folded = small_network(seed=5)
    expected = _logits(normalised)
    assert np.abs(_logits(folded) - expected).max() > 0.1
    fold_batch_norm(normalised, folded)
    np.testing.assert_allclose(_logits(folded), expected, rtol=1e-3, atol=1e-4)


def test_folding_leaves_the_normalised_network_alone(normalised: keras.Model) -> None:
    before = [weights.copy() for weights in normalised.get_weights()]
    fold_batch_norm(normalised, small_network(seed=5))
    for value, expected in zip(normalised.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, expected)


def test_network_with_adopted_moments_answers_as_before(plain: keras.Model) -> None:
    network = add_batch_norm(plain, "float32")
    expected = _logits(plain)
    assert np.abs(_logits(network) - expected).max() > 1e-3
    adopt_moments(network, _PIXELS)
    np.testing.assert_allclose(_logits(network), expected, rtol=1e-3, atol=1e-4)
