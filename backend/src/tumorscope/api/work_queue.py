"""Work in, done in a thread beside the event loop, after what came before it; beyond a bound it is sent away."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import anyio
from anyio import to_thread

from tumorscope.domain.errors import Overloaded

Result = TypeVar("Result")

_RETRY_OVERLOADED_S = 1


class WorkQueue:
    """The work of all requests, of one event loop.

    Parameters
    ----------
    threads : int
        Pictures that are worked on at the same time.
    max_waiting : int
        Further ones that may wait.
    """

    def __init__(self, threads: int, max_waiting: int) -> None:
        self.depth = 0
        self.max_depth = threads + max_waiting
        self._limiter = anyio.CapacityLimiter(threads)

    async def work(self, task: Callable[..., Result], *arguments: object) -> Result:
        """Run a task in a thread, after those that came before it.

        Raises
        ------
        Overloaded
            Too many are waiting.
        """
        if self.depth >= self.max_depth:
            raise Overloaded("More requests are waiting than can be answered in good time.", _RETRY_OVERLOADED_S)
        self.depth += 1
        try:
            return await to_thread.run_sync(partial(task, *arguments), limiter=self._limiter)
        finally:
            self.depth -= 1
