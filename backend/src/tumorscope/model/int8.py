"""A Bundle and pixels that its network will see in, the network in int8 out, by TensorFlow Lite's converter.

Weights get one scale a filter, activations one a tensor, found on the pixels (Jacob et al., arXiv 1712.05877). What is
cheap and needs the digits stays float32: the rescaling of the input, the means that the scope gate reads, and the dense
layers.

Before that the network is made to lose less: channels of one tensor are brought nearer to each other, for all share one
scale (after SmoothQuant: Xiao et al., arXiv 2211.10438), and weights are rounded together and not one by one
(`rounding`). Neither costs time when a slice is answered.
"""

import contextlib
import io
import warnings
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from tumorscope.model.bundle import Bundle
from tumorscope.model.network import load_network
from tumorscope.model.rounding import round_weights
from tumorscope.model.vgg16 import CONVOLUTIONS, FEATURE_BLOCKS, LAST_CONVOLUTION, observe

_KEPT_FLOAT = ["MUL", "ADD", "SUB", "MEAN", "CONCATENATION", "FULLY_CONNECTED"]
# Slices that weights are rounded by, places in each that are looked at, slices at once.
_ROUNDED_BY = 100
_PLACES = 500
_BATCH = 10
# A channel is divided by its range to this power: 1 would make all ranges alike, and the weights that take it back odd.
_EQUALISED = 0.5
# A channel that reaches less than this share of the largest one is not made larger any further.
_LEAST_RANGE = 0.01


def convert_to_int8(bundle: Bundle, pixels: NDArray[np.float32]) -> bytes:
    """Convert the observed network.

    Parameters
    ----------
    bundle : Bundle
        With its weights.
    pixels : ndarray, shape (n, size, size, 3), float32, 0..1
        Prepared training slices, a few hundred.

    Returns
    -------
    bytes
        A TensorFlow Lite file that takes one slice, float32, 0..1, and gives what `vgg16.observe` does.
    """
    plain = load_network(bundle)
    scales = _fit_to_int8(plain, pixels[:_ROUNDED_BY])
    network = observe(plain)
    lower = [f"block{block}_conv{count}" for block, count in enumerate(CONVOLUTIONS[:FEATURE_BLOCKS], start=1)]
    feature_scale, last_scale = np.concatenate([scales[name] for name in lower]), scales[LAST_CONVOLUTION]

    def answer(one: tf.Tensor) -> list[tf.Tensor]:
        logits, features, activation = network(one, training=False)
        return [logits, features * feature_scale, activation * last_scale]

    call = tf.function(answer, input_signature=[tf.TensorSpec([1, *pixels.shape[1:]], tf.float32)])

    def show() -> Iterator[list[NDArray[np.float32]]]:
        for one in pixels:
            yield [one[None]]

    # Weights as constants: the converter's debugger runs no variables.
    frozen = convert_variables_to_constants_v2(call.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = show
    # The debugger is the converter's only way to leave some operations as they are.
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=_KEPT_FLOAT)
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        # The converter warns of itself: of its interpreter's end, and of statistics that it goes without.
        warnings.simplefilter("ignore")
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=show, debug_options=options
        )
        converted: bytes = debugger.get_nondebug_quantized_model()
    return converted


def _fit_to_int8(network: keras.Model, pixels: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Divide each convolution's channels so that their ranges are more alike, and round its weights.

    A ReLU and a maximum pass such a factor on as it is, and the next layer's weights take it back.

    Parameters
    ----------
    network : keras.Model
        From `load_network`; changed in place. Rounding aside, its logits stay what they are.
    pixels : ndarray, shape (n, size, size, 3), float32, 0..1
        As `convert_to_int8` takes them.

    Returns
    -------
    dict of str to ndarray
        What each convolution's output is to be multiplied by, by the layer's name.
    """
    rng = np.random.default_rng(0)
    scales: dict[str, NDArray[np.float32]] = {}
    scale = np.ones(pixels.shape[3], np.float32)
    seen = pixels
    for layer in network.layers[1:]:
        if isinstance(layer, keras.layers.Flatten):
            break
        if isinstance(layer, keras.layers.Conv2D):
            kernel, bias = layer.get_weights()
            kernel = kernel * scale[:, None]
            layer.set_weights([kernel, bias])
            reached = np.max([one.max(axis=(0, 1, 2)) for one in _apply(layer, seen)], axis=0)
            scale = (np.maximum(reached, _LEAST_RANGE * reached.max() + 1e-6) ** _EQUALISED).astype(np.float32)
            flat = (kernel / scale).reshape(-1, len(bias))
            rounded = round_weights(flat, _sum_products(seen, layer.kernel_size, rng))
            layer.set_weights([rounded.reshape(kernel.shape), bias / scale])
            scales[layer.name] = scale
        seen = np.concatenate(list(_apply(layer, seen)))
    head = network.get_layer("dense")
    kernel, bias = head.get_weights()
    head.set_weights([kernel * np.tile(scale, len(kernel) // len(scale))[:, None], bias])
    return scales


def _apply(layer: keras.Layer, seen: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(seen), _BATCH):
        yield np.asarray(layer(seen[start : start + _BATCH]))


def _sum_products(seen: NDArray[np.float32], size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    """Of what a convolution multiplies its weights by: the sum of the products of any two, over some of the places."""
    total: NDArray[np.float64] = np.zeros(1)
    for start in range(0, len(seen), _BATCH):
        batch = seen[start : start + _BATCH]
        windows = tf.image.extract_patches(batch, [1, *size, 1], [1, 1, 1, 1], [1, 1, 1, 1], "SAME")
        rows = np.reshape(windows, (-1, windows.shape[3]))
        chosen = rows[rng.permutation(len(rows))[: _PLACES * len(batch)]]
        total = total + chosen.T @ chosen
    return total
