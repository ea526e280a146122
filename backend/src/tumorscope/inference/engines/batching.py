"""Slices of many threads in, one call of the engine for those that came together out: what makes a GPU pay."""

from collections import deque
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from tumorscope.inference.engines.engine import Engine, Outputs

GPU_BATCHES = (1, 4, 16)
"""Slices of one call on a GPU, where a graph is compiled for each size; the rest is filled up with nothing."""


@dataclass(slots=True)
class _Asked:
    """What one thread wants to know."""

    batch: NDArray[np.float32]
    answer: Outputs | Exception | None = None


class BatchingEngine:
    """Runs together what came while the engine was busy.

    Nothing waits for company: an engine that is free takes what there is at once. So a slice waits for one call before
    its own at most, where it fits into the next.

    Parameters
    ----------
    engine : Engine
        One that answers several slices in less time than one by one.
    max_slices : int
        Of one call, unless a thread asks for more at once.
    """

    def __init__(self, engine: Engine, max_slices: int) -> None:
        self._engine = engine
        self._max_slices = max_slices
        self._waiting: deque[_Asked] = deque()
        self._waits = Lock()
        self._runs = Lock()

    @property
    def name(self) -> str:
        """The engine's."""
        return self._engine.name

    @property
    def device(self) -> str:
        """The engine's."""
        return self._engine.device

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """See `Engine.run`; an error of a call is raised in each thread that had a part in it."""
        asked = _Asked(batch)
        with self._waits:
            self._waiting.append(asked)
        with self._runs:
            # Whoever had the engine before may have answered this too; else the threads before it come first.
            while asked.answer is None:
                self._run_together(self._take())
        if isinstance(asked.answer, Exception):
            raise asked.answer
        return asked.answer

    def _take(self) -> list[_Asked]:
        with self._waits:
            taken = [self._waiting.popleft()]
            slices = len(taken[0].batch)
            while self._waiting and slices + len(self._waiting[0].batch) <= self._max_slices:
                taken.append(self._waiting.popleft())
                slices += len(taken[-1].batch)
        return taken

    def _run_together(self, taken: list[_Asked]) -> None:
        try:
            outputs = self._engine.run(np.concatenate([one.batch for one in taken]))
        # Whatever it is, it is those threads' to handle, and none may wait for ever.
        except Exception as error:  # noqa: BLE001
            for one in taken:
                one.answer = error
            return
        start = 0
        for one in taken:
            rows = slice(start, start + len(one.batch))
            one.answer = Outputs(outputs.logits[rows], outputs.features[rows], outputs.activation[rows])
            start = rows.stop
