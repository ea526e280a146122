"""Work in, run in a thread beside the event loop, clients in turn (round robin); beyond a bound it is refused."""

import math
import random
from asyncio import CancelledError, Future, create_task, get_running_loop, timeout, wait
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from threading import Condition, Event
from time import monotonic
from typing import Generic, TypeVar

from anyio import CapacityLimiter, to_thread

from tumorscope.domain.errors import ImageTooLarge, Overloaded
from tumorscope.imaging.decoder_channel import Watch, watch_nothing
from tumorscope.imaging.source import Reserve

Result = TypeVar("Result")
Ticket = TypeVar("Ticket")

SPARE_THREADS = 2
"""Threads for pictures besides one for each core: with fewer, cores idle while pictures are decoded."""

# Weight of the last task in the running mean of how long a task takes.
_SHARE_OF_LAST = 0.2
# A single task that took long, for want of a processor perhaps, says little of the next.
_MOST_TIMES_MEAN = 4
_MAX_RETRY_S = 60
# A study that is expected to wait longer than the first is refused at once; one that has waited for the second, because
# those before it took longer than expected, is refused then: the rest of a request's time is left for its work.
_STUDY_WAIT_S, _MOST_STUDY_WAIT_S = 8.0, 60.0
# Of all memory, one picture may take this share among pictures, and studies leave two such shares free: pictures, which
# are answered in a moment, need not wait for studies.
_PICTURE_SHARE = 16
_MEMORY_RETRY_S = 2
_TOO_MANY = "More requests are waiting than can be answered in time. Send this one again in a moment."
_NO_MEMORY = "Other requests use the memory that the file needs. Send it again in a moment."
# How often a thread that waits for memory looks whether it is still wanted.
_POLL_S = 0.1


class NotAmongPictures(Overloaded):
    """The picture needs so much memory that its turn is among the studies."""


class NotWanted(Exception):
    """Raised in a thread whose work nobody waits for any more."""


class FairQueue(Generic[Ticket]):
    """Who waits, in round-robin order: one ticket of each client in a round, a client's own in the order they came."""

    def __init__(self) -> None:
        # The next client first.
        self._waiting: dict[Hashable, deque[Ticket]] = {}

    def __len__(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    @property
    def first(self) -> tuple[Hashable, Ticket] | None:
        """The next client and its ticket, if anybody waits."""
        return next(((client, tickets[0]) for client, tickets in self._waiting.items()), None)

    def add(self, client: Hashable, ticket: Ticket) -> None:
        """Let a client wait once more."""
        self._waiting.setdefault(client, deque()).append(ticket)

    def remove(self, client: Hashable, ticket: Ticket) -> None:
        """End the waiting of a ticket, if it still waits; where it was the next one, its client's turn is over."""
        tickets = self._waiting.get(client, deque())
        if ticket not in tickets:
            return
        is_next = tickets[0] is ticket
        tickets.remove(ticket)
        if is_next or not tickets:
            del self._waiting[client]
        if is_next and tickets:
            self._waiting[client] = tickets

    def count_before(self, client: Hashable) -> int:
        """How many would have their turn before another ticket of a client."""
        own = len(self._waiting.get(client, ()))
        return sum(min(len(tickets), own + (one != client)) for one, tickets in self._waiting.items())

    def find_last_of_longest(self, client: Hashable) -> tuple[Hashable, Ticket] | None:
        """The last ticket of the client that waits most often, if another of this client would wait less often."""
        if not self._waiting:
            return None
        longest, tickets = max(self._waiting.items(), key=lambda item: len(item[1]))
        return (longest, tickets[-1]) if len(tickets) > len(self._waiting.get(client, ())) + 1 else None


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
        # Pictures do not wait behind studies.
        self._queues: dict[bool, FairQueue[object]] = {True: FairQueue(), False: FairQueue()}

    @contextmanager
    def open_reservation(
        self, *, is_study: bool, client: Hashable = None, watch: Watch = watch_nothing
    ) -> Iterator[Reserve]:
        """Give what reserves memory for one request, by its bytes; all is freed with the context.

        Clients take turns. Who has a part already need not wait for others' turns, since they might wait for that part.
        `watch` is called while it waits, and what it raises ends the waiting.

        Its call raises `ImageTooLarge` for more than there is, `NotAmongPictures` for a picture that needs more than a
        picture's share, and `Overloaded` if others keep the memory for too long.
        """
        share = self.max_bytes // _PICTURE_SHARE
        limit = self.max_bytes - 2 * share if is_study else self.max_bytes
        held = 0

        def reserve(size: int) -> None:
            nonlocal held
            if held + size > self.max_bytes - 2 * share:
                raise ImageTooLarge(
                    f"Decoding the file needs more than {self.max_bytes // 2**20} MiB of memory. Send a single series, "
                    "or the image at its original resolution."
                )
            if not is_study and held + size > share:
                raise NotAmongPictures(_NO_MEMORY, _MEMORY_RETRY_S)
            deadline = monotonic() + self._max_wait_s
            queue, ticket = self._queues[is_study], object()
            with self._freed:
                queue.add(client, ticket)
                try:
                    while self.used_bytes + size > limit or not (held or queue.first == (client, ticket)):
                        if monotonic() >= deadline:
                            raise Overloaded(_NO_MEMORY, _MEMORY_RETRY_S)
                        watch()
                        self._freed.wait(_POLL_S)
                    self.used_bytes += size
                finally:
                    queue.remove(client, ticket)
                    self._freed.notify_all()
            held += size

        try:
            yield reserve
        finally:
            self._change(-held)

    @contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Count bytes that are in memory already, such as an answer until it is read."""
        self._change(size)
        try:
            yield
        finally:
            self._change(-size)

    def _change(self, size: int) -> None:
        with self._freed:
            self.used_bytes += size
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
        Longest wait of a picture: one that is expected to wait longer is refused at once, one that does then.
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
        self._pictures = Lane("pictures", threads, max_waiting, (max_wait_s, max_wait_s), record_wait)
        waits_s = (_STUDY_WAIT_S, _MOST_STUDY_WAIT_S)
        self._studies = Lane("studies", max(1, (threads - 1) // 2), max_waiting, waits_s, record_wait)

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
        client: Hashable = None,
        stop: Event | None = None,
    ) -> Result:
        """Run a task in a thread, when it is its client's turn among those of its kind.

        Where the queue is full, the last task of the client with the most gives way to another client's.

        One that is cancelled while it waits has left the queue; one that runs is waited for.

        Parameters
        ----------
        task : callable
            Called with the arguments.
        is_study : bool
            Whether it may take long: a volume, or files that may hold one.
        client : hashable
            Who waits for it.
        stop : Event, optional
            Set when the task is cancelled while it runs.

        Raises
        ------
        Overloaded
            Too many tasks are waiting, or it would wait too long.
        """
        lane = self._studies if is_study else self._pictures
        return await lane.work(partial(task, *arguments), client, stop or Event())

    async def decode(
        self,
        memory: DecodeMemory,
        task: Callable[[Reserve, Watch], Result],
        *,
        is_study: bool,
        client: Hashable = None,
    ) -> Result:
        """Run a task that decodes, given what reserves memory; a picture that needs much of it starts again as a study.

        Parameters
        ----------
        memory : DecodeMemory
            What all such tasks share.
        task : callable
            Called with a `Reserve`, and with what ends it, by an exception, when it is cancelled.
        is_study, client
            As of `work`.

        Raises
        ------
        Overloaded
            As of `work`.
        """
        stop = Event()

        def watch() -> None:
            if stop.is_set():
                raise NotWanted

        def run(*, is_study: bool) -> Result:
            with memory.open_reservation(is_study=is_study, client=client, watch=watch) as reserve:
                return task(reserve, watch)

        if not is_study:
            with suppress(NotAmongPictures):
                return await self.work(partial(run, is_study=False), client=client, stop=stop)
        return await self.work(partial(run, is_study=True), is_study=True, client=client, stop=stop)


class Lane:
    """Tasks of one kind.

    Parameters
    ----------
    name : str
        Of the kind.
    threads, max_waiting, record_wait
        As of `WorkQueue`.
    waits_s : (float, float)
        Longest expected wait, by what the last tasks took; and longest wait.
    """

    def __init__(
        self,
        name: str,
        threads: int,
        max_waiting: int,
        waits_s: tuple[float, float],
        record_wait: Callable[[str, float], None],
    ) -> None:
        self.name = name
        self.depth = 0
        self._record_wait = record_wait
        self._threads = threads
        self.max_depth = threads + max_waiting
        self._busy = 0
        self._max_waiting = max_waiting
        self._queue: FairQueue[Future[None]] = FairQueue()
        # This lane counts the threads itself; anyio's own limit would be a second queue.
        self._unlimited = CapacityLimiter(math.inf)
        self._max_expected_s, self._max_wait_s = waits_s
        self._mean_s: float | None = None

    async def work(self, task: Callable[[], Result], client: Hashable, stop: Event) -> Result:
        """See `WorkQueue.work`."""
        if self._estimate_wait_s(client) > self._max_expected_s:
            raise Overloaded(_TOO_MANY, self._choose_retry_s(client))
        if len(self._queue) >= self._max_waiting:
            self._make_room(client)
        self.depth += 1
        came = monotonic()
        try:
            async with self._take_thread(client):
                started = monotonic()
                self._record_wait(self.name, started - came)
                running = create_task(to_thread.run_sync(task, limiter=self._unlimited))
                # Asked for, or asyncio logs an error that nobody waits for any more.
                running.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
                try:
                    await wait({running})
                except CancelledError:
                    # What the thread uses is released when it has ended.
                    stop.set()
                    await wait({running})
                    raise
                finally:
                    self._learn(monotonic() - started)
                return running.result()
        finally:
            self.depth -= 1

    @asynccontextmanager
    async def _take_thread(self, client: Hashable) -> AsyncIterator[None]:
        """One of the threads; perhaps it is waited for."""
        if self._busy < self._threads:
            self._busy += 1
        else:
            ready: Future[None] = get_running_loop().create_future()
            self._queue.add(client, ready)
            try:
                async with timeout(self._max_wait_s):
                    await self._wait_for_turn(client, ready)
            except TimeoutError as error:
                raise Overloaded(_TOO_MANY, self._choose_retry_s(client)) from error
        try:
            yield
        finally:
            self._pass_on()

    async def _wait_for_turn(self, client: Hashable, ready: Future[None]) -> None:
        try:
            await ready
        except CancelledError:
            if ready.cancelled():
                self._queue.remove(client, ready)
            elif ready.exception() is None:
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while (first := self._queue.first) is not None:
            self._queue.remove(*first)
            if not first[1].done():
                first[1].set_result(None)
                return
        self._busy -= 1

    def _make_room(self, client: Hashable) -> None:
        last = self._queue.find_last_of_longest(client)
        if last is None:
            raise Overloaded(_TOO_MANY, self._choose_retry_s(client))
        self._queue.remove(*last)
        last[1].set_exception(Overloaded(_TOO_MANY, self._choose_retry_s(last[0])))

    def _learn(self, took_s: float) -> None:
        if self._mean_s is None:
            self._mean_s = took_s
        else:
            self._mean_s += _SHARE_OF_LAST * (min(took_s, _MOST_TIMES_MEAN * self._mean_s) - self._mean_s)

    def _estimate_wait_s(self, client: Hashable) -> float:
        """Of a task of this client that comes now; none where a thread is free."""
        before = 0 if self._busy < self._threads else self._queue.count_before(client) + 1
        return before * (self._mean_s or 0.0) / self._threads

    def _choose_retry_s(self, client: Hashable) -> int:
        """Whole seconds until between a half and all of the waiting tasks are done: not all come again at once."""
        share = random.uniform(0.5, 1)
        return min(_MAX_RETRY_S, max(1, math.ceil(self._estimate_wait_s(client) * share)))
