"""A Bundle in, an engine for its int8 network on the CPU out, by LiteRT and XNNPACK, without TensorFlow."""

from dataclasses import dataclass

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from tumorscope.domain.errors import BundleInvalid
from tumorscope.inference.engines.engine import Outputs
from tumorscope.inference.engines.slices import MAX_SHARING, SliceEngine
from tumorscope.model.bundle import INT8_FILE, Bundle


def open_litert(bundle: Bundle, threads: int) -> SliceEngine:
    """Open the bundle's int8 network.

    A slice that is alone runs on all cores, slices of several threads each on its share of them.

    Raises
    ------
    BundleInvalid
        There is no int8 network, or it does not match the manifest.
    """
    if bundle.int8 is None:
        raise BundleInvalid("the bundle has no int8 network; `tumorscope export` makes one")
    # Each interpreter holds its own packed weights: 30 MB.
    sharing = min(threads, MAX_SHARING)
    narrow = [_open(bundle, bundle.int8, threads // sharing) for _ in range(sharing)]
    wide = _open(bundle, bundle.int8, threads) if sharing > 1 else None
    return SliceEngine("litert-int8", wide, narrow)


@dataclass(frozen=True, slots=True)
class _Network:
    """An interpreter, which has one set of tensors, and their indices."""

    interpreter: Interpreter
    pixels: int
    logits: int
    features: int
    activation: int

    def run(self, pixels: NDArray[np.float32]) -> Outputs:
        """See `slices.Network`."""
        self.interpreter.set_tensor(self.pixels, pixels)
        self.interpreter.invoke()
        return Outputs(
            self.interpreter.get_tensor(self.logits),
            self.interpreter.get_tensor(self.features),
            self.interpreter.get_tensor(self.activation),
        )


def _open(bundle: Bundle, content: bytes, threads: int) -> _Network:
    try:
        interpreter = Interpreter(model_content=content, num_threads=threads)
        interpreter.allocate_tensors()
    # The runtime raises various exceptions for a file of another kind.
    except Exception as error:
        raise BundleInvalid(f"{INT8_FILE} cannot be run") from error
    details = interpreter.get_input_details()
    size, channels = bundle.manifest.input.size, bundle.manifest.input.channels
    if [tuple(one["shape"]) for one in details] != [(1, size, size, channels)]:
        raise BundleInvalid(f"{INT8_FILE} does not have the input that the manifest states")
    outputs = _find_outputs(interpreter, len(bundle.manifest.class_names))
    return _Network(interpreter, details[0]["index"], **outputs)


def _find_outputs(interpreter: Interpreter, class_count: int) -> dict[str, int]:
    """The indices of the outputs, by their shapes: the converter keeps no names."""
    found: dict[str, int] = {}
    for one in interpreter.get_output_details():
        shape = tuple(int(length) for length in one["shape"])
        if len(shape) == 4:
            found["activation"] = one["index"]
        elif shape == (1, class_count):
            found["logits"] = one["index"]
        else:
            found["features"] = one["index"]
    if set(found) != {"logits", "features", "activation"}:
        raise BundleInvalid(f"{INT8_FILE} does not have the outputs that the manifest states")
    return found
