"""Work reserves memory before it allocates: it waits for what others hold, and never gets more than there is."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.waiting import PATIENCE_S, wait_until
from tumorscope.api.jobs.work_queue import DecodeMemory, WorkQueue
from tumorscope.domain.errors import ImageTooLarge, Overloaded
from tumorscope.imaging.decoder_channel import Watch
from tumorscope.imaging.source import Reserve

_BYTES = 16 * 2**20
_MOST = _BYTES * 14 // 16


def test_more_than_ever_fits_is_too_large() -> None:
    memory = DecodeMemory(_BYTES, max_wait_s=0)
    with memory.open_reservation(is_study=True) as reserve:
        reserve(_MOST - 1)
        with pytest.raises(ImageTooLarge, match="more than 16 MiB"):
            reserve(2)
    assert memory.used_bytes == 0


def test_what_others_hold_for_too_long_is_overloaded() -> None:
    memory = DecodeMemory(_BYTES, max_wait_s=0.01)
    with memory.open_reservation(is_study=True) as first, memory.open_reservation(is_study=True) as second:
        first(_MOST)
        with pytest.raises(Overloaded) as refusal:
            second(1)
    assert refusal.value.retry_after_s > 0


def test_work_waits_until_others_have_freed_their_memory() -> None:
    memory = DecodeMemory(_BYTES, PATIENCE_S)
    reserved = threading.Event()

    def wait_for_memory() -> None:
        with memory.open_reservation(is_study=True) as reserve:
            reserve(_MOST)
            reserved.set()

    waiting = threading.Thread(target=wait_for_memory)
    with memory.open_reservation(is_study=True) as reserve:
        reserve(1)
        waiting.start()
        assert not reserved.wait(0.05)
    assert reserved.wait(PATIENCE_S)
    waiting.join()


def test_picture_finds_memory_while_studies_hold_all_of_theirs() -> None:
    memory = DecodeMemory(_BYTES, max_wait_s=0)
    with memory.open_reservation(is_study=True) as study, memory.open_reservation(is_study=False) as picture:
        study(_MOST)
        picture(_BYTES // 16)


def test_picture_that_needs_much_memory_takes_its_turn_among_the_studies() -> None:
    memory = DecodeMemory(_BYTES, PATIENCE_S)

    async def decode() -> None:
        queue = WorkQueue(threads=1, max_waiting=4)
        held = threading.Event()

        def hold(reserve: Reserve, _watch: Watch) -> bool:
            reserve(_MOST)
            return held.wait(PATIENCE_S)

        def run(size: int) -> asyncio.Task[None]:
            return asyncio.create_task(queue.decode(memory, lambda reserve, _watch: reserve(size), is_study=False))

        holding = asyncio.create_task(queue.decode(memory, hold, is_study=True))
        await asyncio.to_thread(wait_until, lambda: memory.used_bytes == _MOST)
        large = run(_BYTES // 4)
        # Those behind it are not held up.
        for _ in range(3):
            await run(_BYTES // 32)
        assert not large.done()
        held.set()
        await asyncio.gather(large, holding)

    asyncio.run(decode())
    assert memory.used_bytes == 0


def test_what_is_held_is_kept_from_others() -> None:
    memory = DecodeMemory(_BYTES, max_wait_s=0)
    with memory.hold(_MOST), memory.open_reservation(is_study=True) as reserve, pytest.raises(Overloaded):
        reserve(1)
    assert memory.used_bytes == 0


def test_work_that_is_cancelled_waits_for_no_memory() -> None:
    async def cancel() -> None:
        queue, memory = WorkQueue(threads=1, max_waiting=4), DecodeMemory(_BYTES, PATIENCE_S)
        asked = threading.Event()

        def ask(reserve: Reserve, _watch: Watch) -> None:
            asked.set()
            reserve(1)

        with memory.hold(_MOST):
            working = asyncio.create_task(queue.decode(memory, ask, is_study=True))
            await asyncio.to_thread(asked.wait, PATIENCE_S)
            working.cancel()
            with pytest.raises(asyncio.CancelledError):
                await working
            assert queue.depth == 0
        assert memory.used_bytes == 0

    asyncio.run(cancel())


def _reserve(memory: DecodeMemory, client: str, done: list[str], asked: threading.Event) -> None:
    """All there is, when it is the client's turn; `asked` is set when it has to wait."""
    with memory.open_reservation(is_study=True, client=client, watch=asked.set) as reserve:
        reserve(_MOST)
        done.append(client)


def test_clients_take_turns_in_waiting_for_memory() -> None:
    memory = DecodeMemory(_BYTES, PATIENCE_S)
    done: list[str] = []
    with ThreadPoolExecutor(4) as threads, memory.hold(_MOST):
        for client in ("batch", "batch", "batch", "page"):
            asked = threading.Event()
            threads.submit(_reserve, memory, client, done, asked)
            assert asked.wait(PATIENCE_S)
        assert done == []
    assert done == ["batch", "page", "batch", "batch"]


def test_work_that_has_a_part_of_its_memory_waits_for_no_turn() -> None:
    memory = DecodeMemory(_BYTES, PATIENCE_S)
    done: list[str] = []
    asked = threading.Event()
    with ThreadPoolExecutor(1) as threads, memory.open_reservation(is_study=True, client="a") as holder:
        holder(_MOST // 2)
        threads.submit(_reserve, memory, "b", done, asked)
        assert asked.wait(PATIENCE_S)
        holder(_MOST // 2)
        assert done == []
    assert done == ["b"]
