"""Work in, done in a thread beside the event loop, after what came before it; beyond a bound it is sent away."""

import math
from asyncio import CancelledError, Future, get_running_loop
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from time import monotonic
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect

from tumorscope.domain.errors import Overloaded

Result = TypeVar("Result")

SPARE_THREADS = 2
"""Pictures that are worked on beside one for each core: with fewer, cores wait while others are decoded."""

# How much the last piece of work counts in the estimate of how long one takes.
_SHARE_OF_LAST = 0.2
# A single one that took long, for want of a processor perhaps, says little of the next.
_MOST_TIMES_MEAN = 4
_MAX_RETRY_S = 60
# Who would wait longer is told so at once. Under load a picture is then answered within a second, and a study, which
# may come after some that take longer than most, well within the minute that proxies wait.
_PICTURE_WAIT_S = 0.5
_STUDY_WAIT_S = 8.0


class WorkQueue:
    """The work of all requests, of one event loop, in two lanes: a volume never takes the last thread from a picture.

    Parameters
    ----------
    threads : int
        Pictures that are worked on at the same time. Of studies, at most half as many are, in threads of their own.
    max_waiting : int
        Further ones that may wait, of either kind; fewer where they would wait too long.
    record_wait : callable, optional
        Called with the name of the lane and the seconds that work has waited in it, when its turn has come.
    """

    def __init__(
        self, threads: int, max_waiting: int, record_wait: Callable[[str, float], None] = lambda _lane, _seconds: None
    ) -> None:
        self._pictures = Lane("pictures", threads, max_waiting, _PICTURE_WAIT_S, record_wait)
        self._studies = Lane("studies", max(1, (threads - 1) // 2), max_waiting, _STUDY_WAIT_S, record_wait)

    @property
    def lanes(self) -> tuple["Lane", ...]:
        """Of pictures, and of studies."""
        return self._pictures, self._studies

    @property
    def depth(self) -> int:
        """Requests that wait or are worked on."""
        return self._pictures.depth + self._studies.depth

    async def work(
        self,
        task: Callable[..., Result],
        *arguments: object,
        is_study: bool = False,
        is_begun: bool = False,
        is_gone: Callable[[], Awaitable[bool]] | None = None,
    ) -> Result:
        """Run a task in a thread, after those of its kind that came before it.

        Parameters
        ----------
        task : callable
            Called with the arguments.
        is_study : bool
            Whether it may take long: a volume, or files that hold one.
        is_begun : bool
            Whether the client has the begin of its answer: then it is not sent away, and it is the next.
        is_gone : callable, optional
            Says whether anybody still waits for the answer; asked when the task's turn has come.

        Raises
        ------
        Overloaded
            Too many are waiting, or it would wait too long.
        ClientDisconnect
            Nobody waits any more; the task was not begun.
        """
        lane = self._studies if is_study else self._pictures
        return await lane.work(partial(task, *arguments), is_begun, is_gone)


class Lane:
    """Work of one kind.

    Parameters
    ----------
    name : str
        Of the kind.
    threads, max_waiting, record_wait
        As of `WorkQueue`.
    max_wait_s : float
        Longest that anything is expected to wait, by what the last ones took.
    """

    def __init__(
        self, name: str, threads: int, max_waiting: int, max_wait_s: float, record_wait: Callable[[str, float], None]
    ) -> None:
        self.name = name
        self.depth = 0
        self._record_wait = record_wait
        self._threads = threads
        self.max_depth = threads + max_waiting
        self._busy = 0
        self._waiting: deque[Future[None]] = deque()
        # Whose turn it is has been said before; to wait for a thread besides would be to wait twice.
        self._unlimited = CapacityLimiter(math.inf)
        self._max_wait_s = max_wait_s
        self._mean_s: float | None = None

    async def work(
        self, task: Callable[[], Result], is_begun: bool, is_gone: Callable[[], Awaitable[bool]] | None
    ) -> Result:
        """See `WorkQueue.work`."""
        if not is_begun and (self.depth >= self.max_depth or self._estimate_wait_s() > self._max_wait_s):
            raise Overloaded("More requests are waiting than can be answered in good time.", self._choose_retry_s())
        self.depth += 1
        came = monotonic()
        try:
            async with self._turn(is_begun) as has_waited:
                if has_waited and is_gone is not None and await is_gone():
                    raise ClientDisconnect
                started = monotonic()
                self._record_wait(self.name, started - came)
                try:
                    return await to_thread.run_sync(task, limiter=self._unlimited)
                finally:
                    self._learn(monotonic() - started)
        finally:
            self.depth -= 1

    @asynccontextmanager
    async def _turn(self, is_first: bool) -> AsyncIterator[bool]:
        """One of the threads, and whether it had to be waited for."""
        turn: Future[None] | None = None
        if self._busy < self._threads:
            self._busy += 1
        else:
            turn = get_running_loop().create_future()
            # What is begun holds a decoded study: there should be few of those.
            (self._waiting.appendleft if is_first else self._waiting.append)(turn)
            try:
                await turn
            except CancelledError:
                if turn.done() and not turn.cancelled():
                    self._pass_on()
                raise
        try:
            yield turn is not None
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._busy -= 1

    def _learn(self, took_s: float) -> None:
        if self._mean_s is None:
            self._mean_s = took_s
        else:
            self._mean_s += _SHARE_OF_LAST * (min(took_s, _MOST_TIMES_MEAN * self._mean_s) - self._mean_s)

    def _estimate_wait_s(self) -> float:
        """Of one that comes now; none where a thread is free."""
        before = max(0, self.depth - self._threads + 1)
        return before * (self._mean_s or 0.0) / self._threads

    def _choose_retry_s(self) -> int:
        """Whole seconds until half of what waits is done."""
        return min(_MAX_RETRY_S, max(1, math.ceil(self._estimate_wait_s() / 2)))
