"""Work waits its turn, within a bound, beside the event loop."""

import asyncio
import threading
import time

import pytest

from tumorscope.api.work_queue import WorkQueue
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
