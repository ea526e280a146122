"""VGG16 without its top, and the classifying head of the standard recipe (Simonyan & Zisserman, arXiv 1409.1556)."""

from collections.abc import Mapping
from typing import Literal

import keras
import numpy as np

from tumorscope.domain.errors import BundleInvalid
from tumorscope.model.bundle import Bundle
from tumorscope.model.vgg16_layers import (
    CONVOLUTION_NAMES,
    CONVOLUTIONS,
    FEATURE_BLOCKS,
    FILTERS,
    IMAGENET_MEAN_BGR,
    LAST_CONVOLUTION,
)

Precision = Literal["float32", "mixed_bfloat16"]
"""float32 throughout, or bfloat16 arithmetic on float32 weights."""


def build_vgg16(
    class_count: int,
    size: int = 128,
    precision: Precision = "float32",
    filters: Mapping[str, int] | None = None,
) -> keras.Model:
    """Build the network without nested models.

    Parameters
    ----------
    class_count : int
        Number of outputs.
    size : int
        Side of the input, in pixels; a multiple of 32.
    precision : {'float32', 'mixed_bfloat16'}
        Of the arithmetic between input and logits.
    filters : mapping of str to int, optional
        By the names of the convolutions, where `training.pruning` has left some out.

    Returns
    -------
    keras.Model
        Input (batch, size, size, 3), float32, 0..1; output ``logits`` (batch, class_count), float32. The softmax over
        the classes follows in `inference.classifier.calibrate`, which first divides the logits by the temperature.
    """
    inputs = keras.Input((size, size, 3), name="pixels")
    # Published VGG16 weights, and those initialised from them, expect this scale. In float32: bfloat16 cannot
    # distinguish 254 from 255.
    x = keras.layers.Rescaling(
        255.0, offset=[-mean for mean in IMAGENET_MEAN_BGR], dtype="float32", name="imagenet_scale"
    )(inputs)
    for block, (count, unpruned) in enumerate(zip(CONVOLUTIONS, FILTERS, strict=True), start=1):
        for position in range(1, count + 1):
            name = f"block{block}_conv{position}"
            x = keras.layers.Conv2D(
                unpruned if filters is None else filters[name],
                3,
                padding="same",
                activation="relu",
                kernel_initializer="he_normal",
                dtype=precision,
                name=name,
            )(x)
        x = keras.layers.MaxPooling2D(2, dtype=precision, name=f"block{block}_pool")(x)
    x = keras.layers.Flatten(dtype=precision, name="flatten")(x)
    x = keras.layers.Dropout(0.3, dtype=precision, name="dropout_features")(x)
    x = keras.layers.Dense(128, activation="relu", kernel_initializer="he_normal", dtype=precision, name="dense")(x)
    x = keras.layers.Dropout(0.2, dtype=precision, name="dropout_dense")(x)
    # The logits are always float32: their softmax needs the precision.
    logits = keras.layers.Dense(class_count, dtype="float32", name="logits")(x)
    return keras.Model(inputs, logits, name="vgg16")


def load_network(bundle: Bundle, precision: Precision = "float32") -> keras.Model:
    """Build the bundle's network with `build_vgg16`; the precision is that of its arithmetic, the weights are float32.

    Raises
    ------
    BundleInvalid
        The weights do not fit the manifest's architecture.
    """
    manifest = bundle.manifest
    biases = {name: bundle.weights.get(f"{name}/bias") for name in CONVOLUTION_NAMES}
    filters = {name: 0 if bias is None else bias.size for name, bias in biases.items()}
    missing = [name for name, number in filters.items() if number == 0]
    if missing:
        raise BundleInvalid(f"the weights are not those of {manifest.architecture}: {missing[0]}")
    network = build_vgg16(len(manifest.class_names), manifest.input.size, precision, filters)
    names = {variable.path for variable in network.weights}
    if names != set(bundle.weights):
        odd = sorted(names ^ set(bundle.weights))[0]
        raise BundleInvalid(f"the weights are not those of {manifest.architecture}: {odd}")
    for variable in network.weights:
        values = bundle.weights[variable.path]
        if values.shape != tuple(variable.shape) or not np.isfinite(values).all():
            raise BundleInvalid(f"the weights are not those of {manifest.architecture}: {variable.path}")
        variable.assign(values.astype(np.float32))
    return network


def observe(network: keras.Model) -> keras.Model:
    """Add the outputs that scope gate and heat map use to the network.

    Returns
    -------
    keras.Model
        Outputs, all float32: the logits; the means of the last activations of the lower `FEATURE_BLOCKS` blocks, one
        after the other, shape (batch, features); the last convolution's activation, shape (batch, rows, columns,
        filters).
    """
    lower = [
        network.get_layer(f"block{block}_conv{count}").output
        for block, count in enumerate(CONVOLUTIONS[:FEATURE_BLOCKS], start=1)
    ]
    means = [keras.layers.GlobalAveragePooling2D(dtype="float32")(activation) for activation in lower]
    features = keras.layers.Concatenate(dtype="float32", name="features")(means)
    last = network.get_layer(LAST_CONVOLUTION).output
    activation = keras.layers.Activation("linear", dtype="float32", name="activation")(last)
    return keras.Model(network.input, [network.output, features, activation], name="observed")


def convolution_layers(network: keras.Model) -> list[keras.layers.Conv2D]:
    """The thirteen convolutions in order."""
    return [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
