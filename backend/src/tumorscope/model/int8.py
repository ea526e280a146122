"""A Bundle and prepared slices in, its int8 network out, by TensorFlow Lite's converter.

Weights get one scale for each filter, activations one for each tensor, calibrated on the slices (Jacob et al., arXiv
1712.05877). Cheap operations that need precision stay float32: the rescaling of the input, the means for the scope gate
and the dense layers.

Two steps before the conversion reduce its loss, at no cost in inference: the ranges of a tensor's channels, which share
one scale, are equalised (after SmoothQuant: Xiao et al., arXiv 2211.10438), and weights are rounded jointly
(`rounding`).
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
from tumorscope.model.rounding import round_weights
from tumorscope.model.vgg16 import load_network, observe
from tumorscope.model.vgg16_layers import CONVOLUTIONS, FEATURE_BLOCKS, LAST_CONVOLUTION

_KEPT_FLOAT = ["MUL", "ADD", "SUB", "MEAN", "CONCATENATION", "FULLY_CONNECTED"]
# Slices for rounding weights, positions sampled in each, slices in a batch.
_ROUNDING_SLICES = 100
_PLACES = 500
_BATCH = 10
# A channel is divided by its range to this power: 1 would equalise all ranges at the cost of the next layer's weights.
_EQUALISED = 0.5
# Channels below this share of the largest range are scaled like those at it.
_LEAST_RANGE = 0.01


def convert_to_int8(bundle: Bundle, pixels: NDArray[np.float32]) -> bytes:
    """Convert the network with its observed outputs.

    Parameters
    ----------
    bundle : Bundle
        With float16 weights.
    pixels : ndarray, shape (n, size, size, 3), float32, 0..1
        A few hundred prepared training slices.

    Returns
    -------
    bytes
        A TensorFlow Lite file: one slice, float32, 0..1, in; the outputs of `vgg16.observe` out.
    """
    plain = load_network(bundle)
    scales = _fit_to_int8(plain, pixels[:_ROUNDING_SLICES])
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

    # The converter's debugger needs constants instead of variables.
    frozen = convert_variables_to_constants_v2(call.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = show
    # Only the debugger can exclude operations from quantisation.
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=_KEPT_FLOAT)
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        # The converter warns about its deprecated interpreter and about missing statistics.
        warnings.simplefilter("ignore")
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=show, debug_options=options
        )
        converted: bytes = debugger.get_nondebug_quantized_model()
    return converted


def _fit_to_int8(network: keras.Model, pixels: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Equalise the ranges of each convolution's channels, and round its weights.

    ReLU and maximum pooling keep such a factor, and the next layer's weights undo it. The network is changed in place,
    and its logits by rounding only. Returned is the factor that restores each convolution's output, by layer name.
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
    """The second moments of a convolution's inputs, summed over sampled positions."""
    total: NDArray[np.float64] = np.zeros(1)
    for start in range(0, len(seen), _BATCH):
        batch = seen[start : start + _BATCH]
        windows = tf.image.extract_patches(batch, [1, *size, 1], [1, 1, 1, 1], [1, 1, 1, 1], "SAME")
        rows = np.reshape(windows, (-1, windows.shape[3]))
        chosen = rows[rng.permutation(len(rows))[: _PLACES * len(batch)]]
        total = total + chosen.T @ chosen
    return total
