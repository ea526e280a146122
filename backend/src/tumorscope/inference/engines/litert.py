"""A Bundle in, an engine for its int8 network on the CPU out, by LiteRT and XNNPACK, without TensorFlow."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition
from time import monotonic
from typing import Generic, TypeVar

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from tumorscope.domain.errors import BundleInvalid
from tumorscope.inference.engines.engine import Outputs
from tumorscope.model.bundle import INT8_FILE, Bundle

# Each interpreter holds its own packed weights: 30 MB.
_MAX_SHARING = 4

# The cores stay shared for this long after two threads ran at once.
_SHARED_S = 0.1
# A batch runs after at most this many single slices that came later.
_MAX_PASSED = 3

Lent = TypeVar("Lent")
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


class InterpreterPool(Generic[Lent]):
    """Lends interpreters to threads.

    Either one interpreter with all cores runs, which has the lowest latency, or several that share the cores, which
    have the highest throughput: two with all cores each would slow each other down.

    Parameters
    ----------
    wide : object, optional
        Uses all cores, for a thread that is alone; None where one of the others does.
    narrow : sequence of object
        Share the cores; at least one.
    """

    def __init__(self, wide: Lent | None, narrow: Sequence[Lent]) -> None:
        self._wide = wide
        self._free = list(narrow)
        self._running = 0
        self._wide_runs = False
        self._last_shared = monotonic() - _SHARED_S
        self._single: deque[object] = deque()
        self._batches: deque[object] = deque()
        self._granted: dict[object, Lent] = {}
        self._passed = 0
        self._changed = Condition()

    @contextmanager
    def lend(self, *, single: bool) -> Iterator[Lent]:
        """Lend an interpreter for one slice.

        Parameters
        ----------
        single : bool
            Whether a request waits for this slice alone; slices of a batch let it pass.
        """
        interpreter = self._acquire(single=single)
        try:
            yield interpreter
        finally:
            self._release(interpreter)

    def _acquire(self, *, single: bool) -> Lent:
        with self._changed:
            if self._running:
                self._last_shared = monotonic()
            elif single and self._wide is not None and monotonic() - self._last_shared > _SHARED_S:
                self._running, self._wide_runs = 1, True
                return self._wide
            if self._free and not self._wide_runs:
                self._running += 1
                return self._free.pop()
            ticket = object()
            (self._single if single else self._batches).append(ticket)
            self._changed.wait_for(lambda: ticket in self._granted)
            return self._granted.pop(ticket)

    def _release(self, interpreter: Lent) -> None:
        with self._changed:
            self._running -= 1
            if interpreter is self._wide:
                self._wide_runs = False
            else:
                self._free.append(interpreter)
            while self._free and (ticket := self._next()) is not None:
                self._running += 1
                self._granted[ticket] = self._free.pop()
            self._changed.notify_all()

    def _next(self) -> object | None:
        if self._single and not (self._batches and self._passed >= _MAX_PASSED):
            self._passed += bool(self._batches)
            return self._single.popleft()
        self._passed = 0
        return self._batches.popleft() if self._batches else None
