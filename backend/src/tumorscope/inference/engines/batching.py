"""Slices of many threads in, joint calls of an engine out: this makes a GPU pay."""

from collections import deque
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from tumorscope.inference.engines.engine import Engine, Outputs

GPU_BATCHES = (1, 4, 16)
"""Batch sizes on a GPU, each with a compiled graph; smaller batches are padded."""


@dataclass(slots=True)
class _Request:
    """The request of one thread."""

    batch: NDArray[np.float32]
    answer: Outputs | Exception | None = None


class BatchingEngine:
    """Runs requests together that arrived while the engine was busy.

    A free engine starts at once, without waiting for further requests. So a slice waits for at most one call before its
    own, if it fits into the next.

    Parameters
    ----------
    engine : Engine
        Faster with several slices in a batch than one by one.
    max_slices : int
        In one call, unless one request is larger.
    """

    def __init__(self, engine: Engine, max_slices: int) -> None:
        self._engine = engine
        self.name, self.device = engine.name, engine.device
        self._max_slices = max_slices
        self._waiting: deque[_Request] = deque()
        self._waits = Lock()
        self._runs = Lock()

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """See `Engine.run`; an error is raised in each thread of the call."""
        request = _Request(batch)
        with self._waits:
            self._waiting.append(request)
        with self._runs:
            # The previous owner may have answered this request too; otherwise earlier requests come first.
            while request.answer is None:
                self._run_together(self._take())
        if isinstance(request.answer, Exception):
            raise request.answer
        return request.answer

    def _take(self) -> list[_Request]:
        with self._waits:
            taken = [self._waiting.popleft()]
            slices = len(taken[0].batch)
            while self._waiting and slices + len(self._waiting[0].batch) <= self._max_slices:
                taken.append(self._waiting.popleft())
                slices += len(taken[-1].batch)
        return taken

    def _run_together(self, taken: list[_Request]) -> None:
        try:
            outputs = self._engine.run(np.concatenate([one.batch for one in taken]))
        # The threads handle any error; none may wait forever.
        except Exception as error:  # noqa: BLE001
            for one in taken:
                one.answer = error
            return
        start = 0
        for one in taken:
            rows = slice(start, start + len(one.batch))
            one.answer = Outputs(outputs.logits[rows], outputs.features[rows], outputs.activation[rows])
            start = rows.stop
