"""Work waits its turn, within a bound, beside the event loop."""

import asyncio
import threading
import time

import pytest
from starlette.requests import ClientDisconnect

from tumorscope.api.jobs.work_queue import WorkQueue
from tumorscope.domain.errors import Overloaded


def test_more_waiting_than_allowed_is_overloaded() -> None:
    async def overload() -> None:
        queue = WorkQueue(threads=1, max_waiting=1)
        hold = threading.Event()
        waiting = [asyncio.create_task(queue.work(hold.wait)) for _ in range(2)]
        await asyncio.sleep(0.05)
        assert queue.depth == 2
        with pytest.raises(Overloaded) as refusal:
            await queue.work(hold.wait)
        assert refusal.value.retry_after_s > 0
        hold.set()
        await asyncio.gather(*waiting)
        assert queue.depth == 0

    asyncio.run(overload())


def test_event_loop_answers_while_pictures_are_worked_on() -> None:
    async def work_and_tick() -> int:
        queue = WorkQueue(threads=1, max_waiting=4)
        work = asyncio.create_task(queue.work(time.sleep, 0.3))
        ticks = 0
        while not work.done():
            await asyncio.sleep(0.01)
            ticks += 1
        return ticks

    assert asyncio.run(work_and_tick()) > 5


def test_studies_do_not_take_the_threads_of_pictures() -> None:
    async def fill() -> None:
        queue = WorkQueue(threads=1, max_waiting=4)
        hold = threading.Event()
        studies = [asyncio.create_task(queue.work(hold.wait, is_study=True)) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert await asyncio.wait_for(queue.work(lambda: "picture"), 10) == "picture"
        assert queue.depth == 3
        hold.set()
        await asyncio.gather(*studies)

    asyncio.run(fill())


def test_full_lane_of_studies_sends_no_picture_away() -> None:
    async def fill() -> None:
        queue = WorkQueue(threads=2, max_waiting=1)
        hold = threading.Event()
        studies = [asyncio.create_task(queue.work(hold.wait, is_study=True)) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(Overloaded):
            await queue.work(hold.wait, is_study=True)
        assert await queue.work(lambda: "picture") == "picture"
        hold.set()
        await asyncio.gather(*studies)

    asyncio.run(fill())


def test_work_begins_in_the_order_it_came() -> None:
    async def run() -> list[int]:
        queue = WorkQueue(threads=1, max_waiting=20)
        order: list[int] = []
        await asyncio.gather(*(queue.work(order.append, number) for number in range(20)))
        return order

    assert asyncio.run(run()) == list(range(20))


def test_work_that_nobody_waits_for_is_not_begun() -> None:
    async def run() -> list[str]:
        queue = WorkQueue(threads=1, max_waiting=4)
        hold = threading.Event()
        done: list[str] = []
        busy = asyncio.create_task(queue.work(hold.wait))

        async def is_gone() -> bool:
            return True

        left = asyncio.create_task(queue.work(done.append, "left", is_gone=is_gone))
        there = asyncio.create_task(queue.work(done.append, "there"))
        await asyncio.sleep(0.05)
        hold.set()
        with pytest.raises(ClientDisconnect):
            await left
        await asyncio.gather(busy, there)
        assert queue.depth == 0
        return done

    assert asyncio.run(run()) == ["there"]


def test_time_to_come_again_grows_with_the_work_that_waits() -> None:
    async def measure(seconds: float) -> int:
        queue = WorkQueue(threads=1, max_waiting=30)
        await queue.work(time.sleep, seconds, is_study=True)
        hold = threading.Event()
        waiting = [asyncio.create_task(queue.work(hold.wait, is_study=True)) for _ in range(31)]
        await asyncio.sleep(0.05)
        with pytest.raises(Overloaded) as refusal:
            await queue.work(hold.wait, is_study=True)
        hold.set()
        await asyncio.gather(*waiting)
        return refusal.value.retry_after_s

    assert asyncio.run(measure(0)) == 1
    assert asyncio.run(measure(0.2)) > 1


async def _fill(queue: WorkQueue, count: int, hold: threading.Event, *, is_study: bool) -> list[asyncio.Task[bool]]:
    waiting = [asyncio.create_task(queue.work(hold.wait, is_study=is_study)) for _ in range(count)]
    await asyncio.sleep(0.05)
    return waiting


@pytest.mark.parametrize(("is_study", "took_s", "waits"), [(False, 0.2, 2), (True, 0.2, 8)])
def test_work_that_would_wait_too_long_is_overloaded(is_study: bool, took_s: float, waits: int) -> None:
    async def overload() -> None:
        queue = WorkQueue(threads=1, max_waiting=8)
        hold = threading.Event()
        await queue.work(time.sleep, took_s, is_study=is_study)
        # Of pictures that take a fifth of a second, half a second has two; studies may wait longer than eight do.
        waiting = await _fill(queue, 1 + waits, hold, is_study=is_study)
        assert queue.depth == 1 + waits
        with pytest.raises(Overloaded):
            await queue.work(hold.wait, is_study=is_study)
        # What is slow of one kind is none of the other's.
        await queue.work(time.sleep, 0, is_study=not is_study)
        hold.set()
        await asyncio.gather(*waiting)

    asyncio.run(overload())


def test_work_that_takes_long_is_done_where_nothing_waits() -> None:
    async def work() -> None:
        queue = WorkQueue(threads=1, max_waiting=1)
        for _ in range(3):
            await queue.work(time.sleep, 0.6)

    asyncio.run(work())


def test_answer_that_has_begun_is_not_sent_away() -> None:
    async def overload() -> None:
        queue = WorkQueue(threads=1, max_waiting=1)
        hold = threading.Event()
        waiting = await _fill(queue, 2, hold, is_study=False)
        begun = asyncio.create_task(queue.work(hold.wait, is_begun=True))
        await asyncio.sleep(0.05)
        assert not begun.done()
        hold.set()
        assert await begun
        await asyncio.gather(*waiting)

    asyncio.run(overload())


def test_answer_that_has_begun_is_the_next() -> None:
    async def run() -> list[str]:
        queue = WorkQueue(threads=1, max_waiting=4)
        hold = threading.Event()
        order: list[str] = []
        busy = asyncio.create_task(queue.work(hold.wait))
        await asyncio.sleep(0.05)
        waiting = [asyncio.create_task(queue.work(order.append, "waiting")) for _ in range(2)]
        await asyncio.sleep(0.05)
        begun = asyncio.create_task(queue.work(order.append, "begun", is_begun=True))
        await asyncio.sleep(0.05)
        hold.set()
        await asyncio.gather(busy, begun, *waiting)
        return order

    assert asyncio.run(run()) == ["begun", "waiting", "waiting"]


def test_request_that_is_cancelled_takes_no_thread_with_it() -> None:
    async def run() -> None:
        queue = WorkQueue(threads=1, max_waiting=4)
        hold = threading.Event()
        busy = asyncio.create_task(queue.work(hold.wait))
        await asyncio.sleep(0.05)
        waiting, handed = (asyncio.create_task(queue.work(lambda: None)) for _ in range(2))
        await asyncio.sleep(0.05)
        waiting.cancel()
        hold.set()
        await busy
        # Its turn has come, and it has not run yet.
        handed.cancel()
        with pytest.raises(asyncio.CancelledError):
            await handed
        assert await asyncio.wait_for(queue.work(lambda: "done"), 5) == "done"
        assert queue.depth == 0

    asyncio.run(run())


def test_one_that_took_long_sends_nobody_away() -> None:
    async def run() -> None:
        queue = WorkQueue(threads=1, max_waiting=8)
        hold = threading.Event()
        for seconds in (0.01, 0.01, 2):
            await queue.work(time.sleep, seconds)
        waiting = await _fill(queue, 8, hold, is_study=False)
        assert queue.depth == 8
        hold.set()
        await asyncio.gather(*waiting)

    asyncio.run(run())
