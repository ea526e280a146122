"""A Bundle and pixels that its network will see in, the network in int8 out, by TensorFlow Lite's converter.

Weights get one scale a filter, activations one a tensor, found on the pixels (Jacob et al., arXiv 1712.05877). What is
cheap and needs the digits stays float32: the rescaling of the input, the means that the scope gate reads, and the dense
layers.
"""

import contextlib
import io
import warnings
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from tumorscope.model.bundle import Bundle
from tumorscope.model.network import load_network
from tumorscope.model.vgg16 import observe

_KEPT_FLOAT = ["MUL", "ADD", "SUB", "MEAN", "CONCATENATION", "FULLY_CONNECTED"]


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
    network = observe(load_network(bundle))
    call = tf.function(
        lambda one: network(one, training=False),
        input_signature=[tf.TensorSpec([1, *pixels.shape[1:]], tf.float32)],
    )

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
