"""A Bundle in, an engine for its int8 network on the CPU out, by LiteRT and XNNPACK, without TensorFlow."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from tumorscope.domain.errors import BundleInvalid
from tumorscope.inference.engines.engine import Outputs
from tumorscope.inference.engines.interpreter_pool import InterpreterPool
from tumorscope.model.bundle import INT8_FILE, Bundle

# Each interpreter holds its own packed weights: 30 MB.
_MAX_SHARING = 4

_Row = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


class LiteRTEngine:
    """The bundle's int8 network, one slice at a time: on a CPU, batches are no faster.

    A slice that is alone runs on all cores. Slices of several threads, and those of a batch, run in parallel, each on
    its share of the cores.

    Parameters
    ----------
    bundle : Bundle
        From `read_bundle`, with an int8 network.
    threads : int
        Cores to run on.

    Raises
    ------
    BundleInvalid
        There is no int8 network, or it does not match the manifest.
    """

    name = "litert-int8"
    device = "cpu"

    def __init__(self, bundle: Bundle, threads: int) -> None:
        if bundle.int8 is None:
            raise BundleInvalid("the bundle has no int8 network; `tumorscope export` makes one")
        sharing = min(threads, _MAX_SHARING)
        narrow = [_open(bundle, bundle.int8, threads // sharing) for _ in range(sharing)]
        self._pool = InterpreterPool(_open(bundle, bundle.int8, threads) if sharing > 1 else None, narrow)
        self._parallel = ThreadPoolExecutor(sharing, "slices")
        self._sharing = sharing

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """See `Engine.run`."""
        if len(batch) == 1:
            with self._pool.lend(single=True) as network:
                return Outputs(*network.run(batch))
        rows = list(self._parallel.map(self._run_shared, batch[:, None]))
        logits, features, activations = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        return Outputs(logits, features, activations)

    def _run_shared(self, pixels: NDArray[np.float32]) -> _Row:
        # Slice by slice, so that a single image waits for one slice of a volume, not for all of them.
        with self._pool.lend(single=False) as network:
            return network.run(pixels)


@dataclass(frozen=True, slots=True)
class _Network:
    """An interpreter, which has one set of tensors, and their indices."""

    interpreter: Interpreter
    pixels: int
    logits: int
    features: int
    activation: int

    def run(self, pixels: NDArray[np.float32]) -> _Row:
        """Run one slice; not thread-safe."""
        self.interpreter.set_tensor(self.pixels, pixels)
        self.interpreter.invoke()
        return (
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
