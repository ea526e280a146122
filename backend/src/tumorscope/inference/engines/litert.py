"""A Bundle in, an engine that runs its int8 form on the CPU out, by LiteRT and XNNPACK; TensorFlow is not imported."""

from threading import Lock

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from tumorscope.domain.errors import BundleInvalid
from tumorscope.inference.engines.engine import Outputs
from tumorscope.model.bundle import INT8_FILE, Bundle


class LiteRTEngine:
    """The bundle's int8 network, one slice at a time: on a CPU a batch of several takes as long as they do one by one.

    Parameters
    ----------
    bundle : Bundle
        From `read_bundle`, with an int8 form.
    threads : int
        Cores that work on one slice.

    Raises
    ------
    BundleInvalid
        There is no int8 form, or it is not one of the network that the manifest states.
    """

    name = "litert-int8"
    device = "cpu"

    def __init__(self, bundle: Bundle, threads: int) -> None:
        if bundle.int8 is None:
            raise BundleInvalid("the bundle has no int8 form; `tumorscope export` makes one")
        try:
            self._interpreter = Interpreter(model_content=bundle.int8, num_threads=threads)
            self._interpreter.allocate_tensors()
        # Whatever the runtime meets in a file that is none of its own.
        except Exception as error:
            raise BundleInvalid(f"{INT8_FILE} cannot be run") from error
        details = self._interpreter.get_input_details()
        size, channels = bundle.manifest.input.size, bundle.manifest.input.channels
        if [tuple(one["shape"]) for one in details] != [(1, size, size, channels)]:
            raise BundleInvalid(f"{INT8_FILE} does not take the input that the manifest states")
        self._input: int = details[0]["index"]
        self._logits, self._features, self._activation = self._find_outputs(len(bundle.manifest.class_names))
        # The interpreter has one set of tensors.
        self._lock = Lock()

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """See `Engine.run`."""
        rows = [self._run_one(pixels[None]) for pixels in batch]
        logits, features, activations = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        return Outputs(logits, features, activations)

    def _run_one(
        self, pixels: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        # Slice by slice, so that a picture waits for one slice of a volume and not for all of them.
        with self._lock:
            self._interpreter.set_tensor(self._input, pixels)
            self._interpreter.invoke()
            logits, features, activation = (
                self._interpreter.get_tensor(index) for index in (self._logits, self._features, self._activation)
            )
        return logits, features, activation

    def _find_outputs(self, class_count: int) -> tuple[int, int, int]:
        """Their indices, by their shapes: the converter keeps no names."""
        found: dict[str, int] = {}
        for one in self._interpreter.get_output_details():
            shape = tuple(int(length) for length in one["shape"])
            if len(shape) == 4:
                found["activation"] = one["index"]
            elif shape == (1, class_count):
                found["logits"] = one["index"]
            else:
                found["features"] = one["index"]
        if set(found) != {"logits", "features", "activation"}:
            raise BundleInvalid(f"{INT8_FILE} does not give what the manifest states")
        return found["logits"], found["features"], found["activation"]
