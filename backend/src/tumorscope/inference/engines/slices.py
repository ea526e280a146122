"""Opened networks in, an engine that shares the cores among threads out: one slice at a time.

On a CPU, batches are no faster than their slices one by one.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Condition
from time import monotonic
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from tumorscope.inference.engines.engine import Outputs

MAX_SHARING = 4
"""Slices that run at once."""

# The cores stay shared for this long after two threads ran at once.
_SHARED_S = 0.1
# A batch runs after at most this many single slices that came later.
_MAX_PASSED = 3

Lent = TypeVar("Lent")


class Network(Protocol):
    """An opened network."""

    def run(self, pixels: NDArray[np.float32]) -> Outputs:
        """Run one slice, shape (1, size, size, 3), float32, 0..1; a network runs in one thread at a time."""


class SliceEngine:
    """Runs a network one slice at a time.

    Slices of several threads, and those of a batch, run in parallel.
    """

    device = "cpu"

    def __init__(self, name: str, wide: Network | None, narrow: Sequence[Network]) -> None:
        self.name = name
        self._pool = NetworkPool(wide, narrow)
        self._parallel = ThreadPoolExecutor(len(narrow), "slices")

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """See `Engine.run`."""
        if len(batch) == 1:
            with self._pool.lend(single=True) as network:
                return network.run(batch)
        rows = list(self._parallel.map(self._run_shared, batch[:, None]))
        return Outputs(
            np.concatenate([row.logits for row in rows]),
            np.concatenate([row.features for row in rows]),
            np.concatenate([row.activation for row in rows]),
        )

    def _run_shared(self, pixels: NDArray[np.float32]) -> Outputs:
        # Slice by slice, so that a single image waits for one slice of a volume, not for all of them.
        with self._pool.lend(single=False) as network:
            return network.run(pixels)


class NetworkPool(Generic[Lent]):
    """Lends networks to threads.

    Either one network with all cores runs, which has the lowest latency, or several that share the cores, which
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
        """Lend a network for one slice.

        Parameters
        ----------
        single : bool
            Whether a request waits for this slice alone; slices of a batch let it pass.
        """
        network = self._acquire(single=single)
        try:
            yield network
        finally:
            self._release(network)

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

    def _release(self, network: Lent) -> None:
        with self._changed:
            self._running -= 1
            if network is self._wide:
                self._wide_runs = False
            else:
                self._free.append(network)
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
