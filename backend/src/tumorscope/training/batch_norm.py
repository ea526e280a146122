"""A plain network in, one that trains faster out, and back: batch normalisation is folded away before shipping.

From scratch, the upper layers of VGG16 learn slowly. With batch normalisation before each ReLU (Ioffe & Szegedy,
arXiv 1502.03167) they learn several times faster; afterwards its scale and shift go into the kernel and bias before
it, and what is served is VGG16 again, to the letter.
"""

import keras
import numpy as np
from numpy.typing import NDArray

_EPSILON = 1e-3
_MOMENTUM = 0.97
# A filter that is all zeros stays so.
_LEAST_SIZE = 1e-8


def add_batch_norm(plain: keras.Model, precision: str) -> keras.Model:
    """A network like `plain` with a normalisation ``NAME_norm`` behind every trainable layer that ends in a ReLU."""
    inputs = keras.Input(plain.input.shape[1:], name="pixels")
    x = inputs
    for layer in plain.layers[1:]:
        config = layer.get_config()
        can_be_normalised = isinstance(layer, keras.layers.Conv2D | keras.layers.Dense) and layer.name != "logits"
        normalised = can_be_normalised and layer.trainable
        if normalised:
            config["activation"] = "linear"
        copy = type(layer).from_config(config)
        x = copy(x)
        if normalised:
            x = keras.layers.BatchNormalization(
                momentum=_MOMENTUM, epsilon=_EPSILON, dtype=precision, name=f"{layer.name}_norm"
            )(x)
            x = keras.layers.ReLU(dtype=precision, name=f"{layer.name}_relu")(x)
        copy.set_weights(layer.get_weights())
    return keras.Model(inputs, x, name=plain.name)


def adopt_moments(normalised: keras.Model, pixels: NDArray[np.float32]) -> None:
    """Give each normalisation the moments of what it sees, and the scale and shift that undo it.

    So a network whose normalisation was folded away continues with one, at the same answers. What a step changes is
    relative to a kernel's size, and folding has shrunk the kernels: each filter gets the size of a fresh one (He et
    al., arXiv 1502.01852), which its normalisation takes back.
    """
    norms = [layer for layer in normalised.layers if isinstance(layer, keras.layers.BatchNormalization)]
    seen = keras.Model(normalised.input, [norm.input for norm in norms]).predict_on_batch(pixels)
    for norm, values in zip(norms, seen, strict=True):
        channels = np.asarray(values, dtype=np.float32).reshape(-1, values.shape[-1])
        layer = normalised.get_layer(norm.name.removesuffix("_norm"))
        kernel, bias = layer.get_weights()
        inputs = kernel.reshape(-1, kernel.shape[-1])
        grown = np.sqrt(2 / len(inputs)) / np.maximum(np.sqrt(np.square(inputs).mean(axis=0)), _LEAST_SIZE)
        layer.set_weights([kernel * grown, bias * grown])
        mean, variance = channels.mean(axis=0), channels.var(axis=0)
        moments = mean * grown, variance * grown**2
        norm.set_weights([np.sqrt(moments[1] + _EPSILON) / grown, mean, *moments])


def fold_batch_norm(normalised: keras.Model, plain: keras.Model) -> None:
    """Copy the weights back, each normalisation folded into the layer before it; the answers stay the same."""
    norms = {layer.name: layer for layer in normalised.layers if isinstance(layer, keras.layers.BatchNormalization)}
    for layer in plain.layers[1:]:
        weights = normalised.get_layer(layer.name).get_weights()
        norm = norms.get(f"{layer.name}_norm")
        if norm is not None:
            kernel, bias = weights
            gamma, beta, mean, variance = norm.get_weights()
            scale = gamma / np.sqrt(variance + _EPSILON)
            weights = [kernel * scale, (bias - mean) * scale + beta]
        layer.set_weights(weights)
