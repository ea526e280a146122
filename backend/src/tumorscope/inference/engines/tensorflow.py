"""A Bundle in, an engine that runs it with TensorFlow out: on the GPU when there is one, else on the CPU."""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from tumorscope.inference.engines.batching import GPU_BATCHES
from tumorscope.inference.engines.engine import Outputs
from tumorscope.model.bundle import Bundle
from tumorscope.model.processor import has_bfloat16
from tumorscope.model.vgg16 import Precision, load_network, observe

# NVIDIA GPUs multiply bfloat16 from Ampere on.
_HAS_BFLOAT16 = (8, 0)


class TensorFlowEngine:
    """The bundle's network as one graph with a fixed signature.

    On a CPU the weights become constants. On a GPU, XLA compiles the graph for a few batch sizes at start-up.

    Parameters
    ----------
    bundle : Bundle
        From `read_bundle`.
    exact : bool
        Use float32 in any case: the reference for other engines.
    cpu_only : bool
        Do not use a GPU, because it failed.

    Raises
    ------
    BundleInvalid
        The weights do not fit the architecture.
    """

    def __init__(self, bundle: Bundle, *, exact: bool = False, cpu_only: bool = False) -> None:
        gpus = [] if cpu_only else tf.config.list_physical_devices("GPU")
        for gpu in gpus:
            # Otherwise TensorFlow allocates the whole GPU memory.
            tf.config.experimental.set_memory_growth(gpu, True)
        self.device = "gpu" if gpus else "cpu"
        # bfloat16 hardware halves the time; `make bench` measures the effect on answers.
        halved = not exact and (_multiply_bfloat16(gpus) if gpus else has_bfloat16())
        precision: Precision = "mixed_bfloat16" if halved else "float32"
        self.name = f"tensorflow-{precision.removeprefix('mixed_')}"
        # By default TensorFlow uses a GPU wherever it can, also for a CPU engine.
        with tf.device(self._place):
            network = observe(load_network(bundle, precision))
        size, channels = bundle.manifest.input.size, bundle.manifest.input.channels

        def answer(pixels: tf.Tensor) -> list[tf.Tensor]:
            with tf.device(self._place):
                outputs: list[tf.Tensor] = network(pixels, training=False)
                return outputs

        signature = [tf.TensorSpec([None, size, size, channels], tf.float32)]
        if gpus:
            self._graph = tf.function(answer, input_signature=signature, jit_compile=True)
        else:
            # With constants the graph optimiser folds the rescaling and fuses convolution, bias and ReLU.
            call = tf.function(answer, input_signature=signature)
            self._graph = convert_variables_to_constants_v2(call.get_concrete_function())
        for slices in GPU_BATCHES if gpus else (1,):
            self.run(np.zeros((slices, size, size, channels), np.float32))

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """See `Engine.run`."""
        if self.device == "cpu":
            return self._call(batch)
        parts = [self._run_padded(batch[at : at + GPU_BATCHES[-1]]) for at in range(0, len(batch), GPU_BATCHES[-1])]
        if len(parts) == 1:
            return parts[0]
        return Outputs(
            np.concatenate([part.logits for part in parts]),
            np.concatenate([part.features for part in parts]),
            np.concatenate([part.activation for part in parts]),
        )

    def _run_padded(self, batch: NDArray[np.float32]) -> Outputs:
        count = len(batch)
        missing = next(slices for slices in GPU_BATCHES if slices >= count) - count
        outputs = self._call(np.pad(batch, ((0, missing), (0, 0), (0, 0), (0, 0))))
        return Outputs(outputs.logits[:count], outputs.features[:count], outputs.activation[:count])

    def _call(self, batch: NDArray[np.float32]) -> Outputs:
        with tf.device(self._place):
            logits, features, activation = self._graph(tf.constant(batch))
        return Outputs(logits.numpy(), features.numpy(), activation.numpy())

    @property
    def _place(self) -> str | None:
        return "/CPU:0" if self.device == "cpu" else None


def _multiply_bfloat16(gpus: list[tf.config.PhysicalDevice]) -> bool:
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    return all(one.get("compute_capability", (0, 0)) >= _HAS_BFLOAT16 for one in details)
