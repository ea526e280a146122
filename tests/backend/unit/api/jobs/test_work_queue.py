"""Work waits its turn, within a bound, beside the event loop."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from tests.waiting import PATIENCE_S, until
from tumorscope.api.jobs import work_queue
from tumorscope.api.jobs.work_queue import WorkQueue
from tumorscope.domain.errors import Overloaded


class _Clock:
    """The queue's time, which passes as a test says."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def take(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    clock = _Clock()
    monkeypatch.setattr(work_queue, "monotonic", lambda: clock.now_s)
    return clock


def _hold() -> tuple[threading.Event, Callable[[], bool]]:
    """An event, and work that waits for it."""
    event = threading.Event()
    return event, lambda: event.wait(PATIENCE_S)


async def _fill(
    queue: WorkQueue, count: int, task: Callable[[], bool], *, is_study: bool = False
) -> list[asyncio.Task[bool]]:
    """So much of the same work, when the queue has all of it."""
    depth = queue.depth + count
    waiting = [asyncio.create_task(queue.work(task, is_study=is_study)) for _ in range(count)]
    await until(lambda: queue.depth == depth)
    return waiting


def test_more_waiting_than_allowed_is_overloaded() -> None:
    async def overload() -> None:
        queue = WorkQueue(threads=1, max_waiting=1)
        event, task = _hold()
        waiting = await _fill(queue, 2, task)
        with pytest.raises(Overloaded) as refusal:
            await queue.work(task)
        assert refusal.value.retry_after_s > 0
        event.set()
        await asyncio.gather(*waiting)
        assert queue.depth == 0

    asyncio.run(overload())


def test_event_loop_runs_while_a_picture_is_worked_on() -> None:
    async def work() -> None:
        queue = WorkQueue(threads=1, max_waiting=4)
        event, task = _hold()
        (working,) = await _fill(queue, 1, task)
        # Were the loop held by the work, it could not end it.
        asyncio.get_running_loop().call_soon(event.set)
        assert await working

    asyncio.run(work())


def test_studies_do_not_take_the_threads_of_pictures() -> None:
    async def fill() -> None:
        queue = WorkQueue(threads=1, max_waiting=4)
        event, task = _hold()
        studies = await _fill(queue, 3, task, is_study=True)
        assert await queue.work(lambda: "picture") == "picture"
        assert queue.depth == 3
        event.set()
        await asyncio.gather(*studies)

    asyncio.run(fill())


def test_full_lane_of_studies_sends_no_picture_away() -> None:
    async def fill() -> None:
        queue = WorkQueue(threads=2, max_waiting=1)
        event, task = _hold()
        studies = await _fill(queue, 2, task, is_study=True)
        with pytest.raises(Overloaded):
            await queue.work(task, is_study=True)
        assert await queue.work(lambda: "picture") == "picture"
        event.set()
        await asyncio.gather(*studies)

    asyncio.run(fill())


def test_work_begins_in_the_order_it_came() -> None:
    async def run() -> list[int]:
        queue = WorkQueue(threads=1, max_waiting=20)
        order: list[int] = []
        await asyncio.gather(*(queue.work(order.append, number) for number in range(20)))
        return order

    assert asyncio.run(run()) == list(range(20))


def test_work_that_nobody_waits_for_leaves_the_queue_at_once() -> None:
    async def run() -> list[str]:
        queue = WorkQueue(threads=1, max_waiting=4)
        event, task = _hold()
        done: list[str] = []
        busy = await _fill(queue, 1, task)
        left = asyncio.create_task(queue.work(done.append, "left"))
        there = asyncio.create_task(queue.work(done.append, "there"))
        await until(lambda: queue.depth == 3)
        left.cancel()
        await until(lambda: queue.depth == 2)
        event.set()
        await asyncio.gather(*busy, there)
        return done

    assert asyncio.run(run()) == ["there"]


def test_work_that_is_cancelled_is_told_and_keeps_its_place_until_it_ends() -> None:
    async def run() -> None:
        queue = WorkQueue(threads=1, max_waiting=4)
        stop, (event, task) = threading.Event(), _hold()
        working = asyncio.create_task(queue.work(task, stop=stop))
        await until(lambda: queue.depth == 1)
        working.cancel()
        await until(stop.is_set)
        assert queue.depth == 1
        event.set()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert queue.depth == 0

    asyncio.run(run())


def test_time_to_come_again_grows_with_the_work_that_waits(clock: _Clock) -> None:
    async def measure(seconds: float) -> int:
        queue = WorkQueue(threads=1, max_waiting=30)
        await queue.work(clock.take, seconds, is_study=True)
        event, task = _hold()
        waiting = await _fill(queue, 31, task, is_study=True)
        with pytest.raises(Overloaded) as refusal:
            await queue.work(task, is_study=True)
        event.set()
        await asyncio.gather(*waiting)
        return refusal.value.retry_after_s

    assert asyncio.run(measure(0)) == 1
    # 31 wait: half of them are done in 3.1 s, all in 6.2 s.
    assert 4 <= asyncio.run(measure(0.2)) <= 7


def test_clients_are_not_all_told_the_same_time_to_come_again(clock: _Clock) -> None:
    async def measure() -> set[int]:
        queue = WorkQueue(threads=1, max_waiting=30)
        await queue.work(clock.take, 1.0, is_study=True)
        event, task = _hold()
        waiting = await _fill(queue, 9, task, is_study=True)
        times = set()
        for _ in range(50):
            with pytest.raises(Overloaded) as refusal:
                await queue.work(task, is_study=True)
            times.add(refusal.value.retry_after_s)
        event.set()
        await asyncio.gather(*waiting)
        return times

    times = asyncio.run(measure())
    assert len(times) > 1
    assert times <= set(range(5, 10))


@pytest.mark.parametrize(("is_study", "waits"), [(False, 3), (True, 8)])
def test_work_that_would_wait_too_long_is_overloaded(clock: _Clock, is_study: bool, waits: int) -> None:
    async def overload() -> None:
        queue = WorkQueue(threads=1, max_waiting=8, max_wait_s=0.5)
        event, task = _hold()
        await queue.work(clock.take, 0.2, is_study=is_study)
        # Half a second is two pictures of 0.2 s each; studies may wait for longer than these eight take.
        waiting = await _fill(queue, waits, task, is_study=is_study)
        if is_study:
            waiting += await _fill(queue, 1, task, is_study=True)
        with pytest.raises(Overloaded):
            await queue.work(task, is_study=is_study)
        # What is slow of one kind is none of the other's.
        await queue.work(clock.take, 0, is_study=not is_study)
        event.set()
        await asyncio.gather(*waiting)

    asyncio.run(overload())


def test_picture_that_has_waited_too_long_is_overloaded() -> None:
    async def wait_in_vain() -> None:
        # Nothing was learned yet, so that no wait is expected.
        queue = WorkQueue(threads=1, max_waiting=4, max_wait_s=0.05)
        event, task = _hold()
        (working,) = await _fill(queue, 1, task)
        with pytest.raises(Overloaded):
            await queue.work(task)
        assert queue.depth == 1
        event.set()
        assert await working
        assert await queue.work(task)

    asyncio.run(wait_in_vain())


def test_work_that_takes_long_is_done_where_nothing_waits(clock: _Clock) -> None:
    async def work() -> None:
        queue = WorkQueue(threads=1, max_waiting=1)
        for _ in range(3):
            await queue.work(clock.take, 600)

    asyncio.run(work())


def test_request_that_is_cancelled_takes_no_thread_with_it() -> None:
    async def run() -> None:
        queue = WorkQueue(threads=1, max_waiting=4)
        event, task = _hold()
        (busy,) = await _fill(queue, 1, task)
        waiting, handed = (asyncio.create_task(queue.work(lambda: None)) for _ in range(2))
        await until(lambda: queue.depth == 3)
        waiting.cancel()
        event.set()
        await busy
        # Its turn has come, and it has not run yet.
        handed.cancel()
        with pytest.raises(asyncio.CancelledError):
            await handed
        assert await queue.work(lambda: "done") == "done"
        assert queue.depth == 0

    asyncio.run(run())


def test_one_that_took_long_sends_nobody_away(clock: _Clock) -> None:
    async def run() -> None:
        queue = WorkQueue(threads=1, max_waiting=8)
        event, task = _hold()
        for seconds in (0.01, 0.01, 2):
            await queue.work(clock.take, seconds)
        waiting = await _fill(queue, 8, task)
        event.set()
        await asyncio.gather(*waiting)

    asyncio.run(run())


def test_batch_of_one_client_lets_another_go_between() -> None:
    async def run() -> list[str]:
        queue = WorkQueue(threads=1, max_waiting=20)
        order: list[str] = []
        names = [*("batch",) * 10, "page", "batch", "page"]
        await asyncio.gather(*(queue.work(order.append, name, client=name) for name in names))
        return order

    # The first one finds a free thread, and ends the turn of nobody.
    assert asyncio.run(run())[:5] == ["batch", "batch", "page", "batch", "page"]


def test_batch_that_fills_the_queue_gives_way_to_another_client() -> None:
    async def run() -> None:
        queue = WorkQueue(threads=1, max_waiting=4)
        event, task = _hold()
        batch = [asyncio.create_task(queue.work(task, client="batch")) for _ in range(5)]
        await until(lambda: queue.depth == 5)
        page = asyncio.create_task(queue.work(task, client="page"))
        with pytest.raises(Overloaded):
            await batch[-1]
        assert queue.depth == 5
        # Its own next ones are refused, and not those of others.
        with pytest.raises(Overloaded):
            await queue.work(task, client="batch")
        event.set()
        await asyncio.gather(*batch[:-1], page)
        assert queue.depth == 0

    asyncio.run(run())


def test_clients_with_as_much_each_do_not_push_each_other_out() -> None:
    async def run() -> None:
        queue = WorkQueue(threads=1, max_waiting=2)
        event, task = _hold()
        waiting = [asyncio.create_task(queue.work(task, client=client)) for client in ("a", "a", "b")]
        await until(lambda: queue.depth == 3)
        for client in ("a", "b", "c"):
            with pytest.raises(Overloaded):
                await queue.work(task, client=client)
        event.set()
        await asyncio.gather(*waiting)

    asyncio.run(run())


def test_expected_wait_is_that_of_the_client(clock: _Clock) -> None:
    async def run() -> None:
        queue = WorkQueue(threads=1, max_waiting=30, max_wait_s=0.9)
        await queue.work(clock.take, 0.2)
        event, task = _hold()
        waiting = [asyncio.create_task(queue.work(task, client="batch")) for _ in range(5)]
        await until(lambda: queue.depth == 5)
        with pytest.raises(Overloaded):
            await queue.work(task, client="batch")
        waiting.append(asyncio.create_task(queue.work(task, client="page")))
        await until(lambda: queue.depth == 6)
        event.set()
        await asyncio.gather(*waiting)

    asyncio.run(run())
