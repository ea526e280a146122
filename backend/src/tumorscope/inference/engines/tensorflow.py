"""A Bundle in, an engine that runs it with TensorFlow out: on the GPU when there is one, else on the CPU."""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from tumorscope.inference.engines.engine import Outputs
from tumorscope.model.bundle import Bundle
from tumorscope.model.network import load_network
from tumorscope.model.processor import has_bfloat16
from tumorscope.model.vgg16 import observe


class TensorFlowEngine:
    """The bundle's network as one graph with a fixed signature, its weights folded in as constants.

    Parameters
    ----------
    bundle : Bundle
        From `read_bundle`.
    exact : bool
        In float32, whatever the processor does faster: the reference that other engines are compared with.
    cpu_only : bool
        Leave a GPU alone: it has failed.

    Raises
    ------
    BundleInvalid
        The weights are not those of the architecture.
    """

    def __init__(self, bundle: Bundle, *, exact: bool = False, cpu_only: bool = False) -> None:
        gpus = [] if cpu_only else tf.config.list_physical_devices("GPU")
        for gpu in gpus:
            # Without this TensorFlow takes the whole card at once.
            tf.config.experimental.set_memory_growth(gpu, True)
        self.device = "gpu" if gpus else "cpu"
        # A processor that multiplies bfloat16 itself answers in half the time; what it does to the answers is measured
        # by `make bench`.
        halved = self.device == "cpu" and has_bfloat16() and not exact
        self.name = "tensorflow-bfloat16" if halved else "tensorflow-float32"
        # Of itself TensorFlow takes a GPU for whatever it can, also for an engine of the CPU.
        with tf.device(self._place):
            network = observe(load_network(bundle, "mixed_bfloat16" if halved else "float32"))
        size, channels = bundle.manifest.input.size, bundle.manifest.input.channels

        def answer(pixels: tf.Tensor) -> list[tf.Tensor]:
            with tf.device(self._place):
                outputs: list[tf.Tensor] = network(pixels, training=False)
                return outputs

        call = tf.function(answer, input_signature=[tf.TensorSpec([None, size, size, channels], tf.float32)])
        # Constants let the graph optimiser fold the rescaling and fuse convolution, bias and ReLU.
        self._graph = convert_variables_to_constants_v2(call.get_concrete_function())
        self.run(np.zeros((1, size, size, channels), np.float32))

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """See `Engine.run`."""
        with tf.device(self._place):
            logits, features, activation = self._graph(tf.constant(batch))
        return Outputs(logits.numpy(), features.numpy(), activation.numpy())

    @property
    def _place(self) -> str | None:
        return "/CPU:0" if self.device == "cpu" else None
