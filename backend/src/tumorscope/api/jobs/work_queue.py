"""Work in, run in a thread beside the event loop, in the order it came; beyond a bound it is refused."""

import math
import random
from asyncio import CancelledError, Future, get_running_loop
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from threading import Condition
from time import monotonic
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect

from tumorscope.domain.errors import ImageTooLarge, Overloaded
from tumorscope.imaging.source import Reserve

Result = TypeVar("Result")

SPARE_THREADS = 2
"""Threads for pictures besides one for each core: with fewer, cores idle while pictures are decoded."""

# Weight of the last task in the running mean of how long a task takes.
_SHARE_OF_LAST = 0.2
# A single task that took long, for want of a processor perhaps, says little of the next.
_MOST_TIMES_MEAN = 4
_MAX_RETRY_S = 60
# A study that would wait longer is refused at once: behind slow ones it is then answered within the minute that proxies
# wait.
_STUDY_WAIT_S = 8.0
# Of all memory, one picture may take this share among pictures, and studies leave two such shares free: pictures, which
# are answered in a moment, need not wait for studies.
_PICTURE_SHARE = 16
_MEMORY_RETRY_S = 2


class NotAmongPictures(Overloaded):
    """The picture needs so much memory that its turn is among the studies."""


class DecodeMemory:
    """Memory that the work of all requests may take while it decodes and prepares; for threads.

    Parameters
    ----------
    max_bytes : int
        For all of them together.
    max_wait_s : float
        How long work waits for memory that other work will free.
    """

    def __init__(self, max_bytes: int, max_wait_s: float) -> None:
        self.max_bytes = max_bytes
        self.used_bytes = 0
        self._max_wait_s = max_wait_s
        self._freed = Condition()

    @contextmanager
    def open_reservation(self, *, is_study: bool) -> Iterator[Reserve]:
        """Give what reserves memory for one request, by its bytes; all is freed with the context.

        Its call raises `ImageTooLarge` for more than there is, `NotAmongPictures` for a picture that needs more than a
        picture's share, and `Overloaded` if others keep the memory for too long.
        """
        share = self.max_bytes // _PICTURE_SHARE
        limit = self.max_bytes - 2 * share if is_study else self.max_bytes
        held = 0

        def reserve(size: int) -> None:
            nonlocal held
            if held + size > self.max_bytes - 2 * share:
                raise ImageTooLarge(f"Decoding the file needs more than {self.max_bytes // 2**20} MiB of memory.")
            if not is_study and held + size > share:
                raise NotAmongPictures("The picture is too large to be read now.", _MEMORY_RETRY_S)
            with self._freed:
                if not self._freed.wait_for(lambda: self.used_bytes + size <= limit, self._max_wait_s):
                    raise Overloaded("Other requests use the memory that the file needs.", _MEMORY_RETRY_S)
                self.used_bytes += size
            held += size

        try:
            yield reserve
        finally:
            with self._freed:
                self.used_bytes -= held
                self._freed.notify_all()


class WorkQueue:
    """The work of all requests of one event loop, in two lanes: a volume never takes the last thread from a picture.

    Parameters
    ----------
    threads : int
        Threads for pictures. Studies have half as many of their own: of these alone is a decoded volume in memory.
    max_waiting : int
        Tasks of either kind that may wait; fewer where they would wait too long.
    max_wait_s : float
        Longest expected wait of a picture.
    record_wait : callable, optional
        Called with the name of the lane and the seconds that a task has waited, when it begins.
    """

    def __init__(
        self,
        threads: int,
        max_waiting: int,
        max_wait_s: float = 5.0,
        record_wait: Callable[[str, float], None] = lambda _lane, _seconds: None,
    ) -> None:
        self._pictures = Lane("pictures", threads, max_waiting, max_wait_s, record_wait)
        self._studies = Lane("studies", max(1, (threads - 1) // 2), max_waiting, _STUDY_WAIT_S, record_wait)

    @property
    def lanes(self) -> tuple["Lane", ...]:
        """Of pictures, and of studies."""
        return self._pictures, self._studies

    @property
    def depth(self) -> int:
        """Tasks that wait or run."""
        return self._pictures.depth + self._studies.depth

    async def work(
        self,
        task: Callable[..., Result],
        *arguments: object,
        is_study: bool = False,
        is_gone: Callable[[], Awaitable[bool]] | None = None,
    ) -> Result:
        """Run a task in a thread, after those of its kind that came before it.

        Parameters
        ----------
        task : callable
            Called with the arguments.
        is_study : bool
            Whether it may take long: a volume, or files that may hold one.
        is_gone : callable, optional
            Whether the client has disconnected; asked before a task begins that had to wait.

        Raises
        ------
        Overloaded
            Too many tasks are waiting, or it would wait too long.
        ClientDisconnect
            The client has disconnected; the task was not begun.
        """
        lane = self._studies if is_study else self._pictures
        return await lane.work(partial(task, *arguments), is_gone)

    async def decode(
        self,
        memory: DecodeMemory,
        task: Callable[[Reserve], Result],
        *,
        is_study: bool,
        is_gone: Callable[[], Awaitable[bool]],
    ) -> Result:
        """Run a task that decodes, given what reserves memory; a picture that needs much of it starts again as a study.

        Parameters
        ----------
        memory : DecodeMemory
            What all such tasks share.
        task : callable
            Called with a `Reserve`.
        is_study, is_gone
            As of `work`.

        Raises
        ------
        Overloaded, ClientDisconnect
            As of `work`.
        """

        def run(*, is_study: bool) -> Result:
            with memory.open_reservation(is_study=is_study) as reserve:
                return task(reserve)

        if not is_study:
            with suppress(NotAmongPictures):
                return await self.work(partial(run, is_study=False), is_gone=is_gone)
        return await self.work(partial(run, is_study=True), is_study=True, is_gone=is_gone)


class Lane:
    """Tasks of one kind.

    Parameters
    ----------
    name : str
        Of the kind.
    threads, max_waiting, record_wait
        As of `WorkQueue`.
    max_wait_s : float
        Longest expected wait, by what the last tasks took.
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
        # This lane counts the threads itself; anyio's own limit would be a second queue.
        self._unlimited = CapacityLimiter(math.inf)
        self._max_wait_s = max_wait_s
        self._mean_s: float | None = None

    async def work(self, task: Callable[[], Result], is_gone: Callable[[], Awaitable[bool]] | None) -> Result:
        """See `WorkQueue.work`."""
        if self.depth >= self.max_depth or self._estimate_wait_s() > self._max_wait_s:
            raise Overloaded("More requests are waiting than can be answered in time.", self._choose_retry_s())
        self.depth += 1
        came = monotonic()
        try:
            async with self._take_thread() as has_waited:
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
    async def _take_thread(self) -> AsyncIterator[bool]:
        """One of the threads, and whether it had to be waited for."""
        ready: Future[None] | None = None
        if self._busy < self._threads:
            self._busy += 1
        else:
            ready = get_running_loop().create_future()
            self._waiting.append(ready)
            try:
                await ready
            except CancelledError:
                if ready.done() and not ready.cancelled():
                    self._pass_on()
                raise
        try:
            yield ready is not None
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            ready = self._waiting.popleft()
            if not ready.done():
                ready.set_result(None)
                return
        self._busy -= 1

    def _learn(self, took_s: float) -> None:
        if self._mean_s is None:
            self._mean_s = took_s
        else:
            self._mean_s += _SHARE_OF_LAST * (min(took_s, _MOST_TIMES_MEAN * self._mean_s) - self._mean_s)

    def _estimate_wait_s(self) -> float:
        """Of a task that comes now; none where a thread is free."""
        before = max(0, self.depth - self._threads + 1)
        return before * (self._mean_s or 0.0) / self._threads

    def _choose_retry_s(self) -> int:
        """Whole seconds until between a half and all of the waiting tasks are done: not all come again at once."""
        share = random.uniform(0.5, 1)
        return min(_MAX_RETRY_S, max(1, math.ceil(self._estimate_wait_s() * share)))
