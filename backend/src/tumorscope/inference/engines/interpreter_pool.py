"""Interpreters of one network in, one for each thread that runs it out: single slices first, no thread starves."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Condition
from time import monotonic
from typing import Generic, TypeVar

Interpreter = TypeVar("Interpreter")

# The cores stay shared for this long after two threads ran at once.
_SHARED_S = 0.1
# A batch runs after at most this many single slices that came later.
_MAX_PASSED = 3


class InterpreterPool(Generic[Interpreter]):
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

    def __init__(self, wide: Interpreter | None, narrow: Sequence[Interpreter]) -> None:
        self._wide = wide
        self._free = list(narrow)
        self._running = 0
        self._wide_runs = False
        self._last_shared = monotonic() - _SHARED_S
        self._single: deque[object] = deque()
        self._batches: deque[object] = deque()
        self._granted: dict[object, Interpreter] = {}
        self._passed = 0
        self._changed = Condition()

    @contextmanager
    def lend(self, *, single: bool) -> Iterator[Interpreter]:
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

    def _acquire(self, *, single: bool) -> Interpreter:
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

    def _release(self, interpreter: Interpreter) -> None:
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
