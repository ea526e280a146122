"""Threads that want to run an interpreter in, whose turn it is out: single slices first, and no one is starved."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

Interpreter = TypeVar("Interpreter")

# For so long after two threads wanted to run at once, the cores stay shared.
_SHARED_S = 0.1
# After so many slices that went before it, a batch has its turn.
_MAX_PASSED = 3


@dataclass(slots=True)
class _Waiting(Generic[Interpreter]):
    """A thread that waits: it sleeps on the lock until it is given an interpreter."""

    given: list[Interpreter] = field(default_factory=list)
    asleep: Lock = field(default_factory=Lock)


class Turns(Generic[Interpreter]):
    """Interpreters of one network, handed from thread to thread.

    On the cores of a machine either one interpreter runs that takes all of them, which answers soonest, or several that
    share them, which answer most: two that each take all would get in each other's way.

    Parameters
    ----------
    wide : object, optional
        Takes all cores; for a thread that is alone. None where one of the others does.
    narrow : sequence of object
        Share the cores; at least one.
    """

    def __init__(self, wide: Interpreter | None, narrow: Sequence[Interpreter]) -> None:
        self._wide = wide
        self._free = list(narrow)
        self._running = 0
        self._wide_runs = False
        self._last_shared = monotonic() - _SHARED_S
        self._single: deque[_Waiting[Interpreter]] = deque()
        self._batches: deque[_Waiting[Interpreter]] = deque()
        self._passed = 0
        self._lock = Lock()

    @contextmanager
    def take(self, *, single: bool) -> Iterator[Interpreter]:
        """An interpreter of one's own for the length of a slice.

        Parameters
        ----------
        single : bool
            Whether somebody waits for this slice alone; one of a batch lets it pass.
        """
        interpreter = self._acquire(single=single)
        try:
            yield interpreter
        finally:
            self._release(interpreter)

    def _acquire(self, *, single: bool) -> Interpreter:
        with self._lock:
            if self._running:
                self._last_shared = monotonic()
            elif single and self._wide is not None and monotonic() - self._last_shared > _SHARED_S:
                self._running, self._wide_runs = 1, True
                return self._wide
            if self._free and not self._wide_runs:
                self._running += 1
                return self._free.pop()
            waiting = _Waiting[Interpreter]()
            waiting.asleep.acquire()
            (self._single if single else self._batches).append(waiting)
        waiting.asleep.acquire()
        return waiting.given[0]

    def _release(self, interpreter: Interpreter) -> None:
        with self._lock:
            self._running -= 1
            if interpreter is self._wide:
                self._wide_runs = False
            else:
                self._free.append(interpreter)
            while self._free and (waiting := self._next()) is not None:
                self._running += 1
                waiting.given.append(self._free.pop())
                waiting.asleep.release()

    def _next(self) -> "_Waiting[Interpreter] | None":
        if self._single and not (self._batches and self._passed >= _MAX_PASSED):
            self._passed += bool(self._batches)
            return self._single.popleft()
        self._passed = 0
        return self._batches.popleft() if self._batches else None
