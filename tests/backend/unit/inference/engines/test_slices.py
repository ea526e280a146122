"""Threads share the cores: a slice that is alone has all of them, and passes those of a batch."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.waiting import PATIENCE_S, wait_until
from tumorscope.inference.engines import slices as module
from tumorscope.inference.engines.slices import NetworkPool


class _Thread:
    """Borrows an network until told to return it."""

    def __init__(self, threads: ThreadPoolExecutor, pool: NetworkPool[str], *, single: bool = True) -> None:
        self._may_end = threading.Event()
        self._taken: Future[str] = Future()
        self._pool, self._single = pool, single
        self._running = threads.submit(self._run)

    def _run(self) -> None:
        with self._pool.lend(single=self._single) as network:
            self._taken.set_result(network)
            assert self._may_end.wait(PATIENCE_S)

    @property
    def waits(self) -> bool:
        return not self._taken.done()

    def take(self) -> str:
        return self._taken.result(PATIENCE_S)

    def end(self) -> None:
        self._may_end.set()
        self._running.result(PATIENCE_S)


def _count_waiting(pool: NetworkPool[str]) -> int:
    return len(pool._single) + len(pool._batches)


def test_slice_that_is_alone_has_all_cores() -> None:
    pool = NetworkPool("wide", ["a", "b"])
    for _ in range(3):
        with pool.lend(single=True) as network:
            assert network == "wide"


def test_one_core_has_one_network() -> None:
    pool = NetworkPool(None, ["only"])
    for single in (True, False):
        with pool.lend(single=single) as network:
            assert network == "only"


def test_slices_of_a_batch_share_the_cores() -> None:
    pool = NetworkPool("wide", ["a", "b"])
    with ThreadPoolExecutor(3) as threads:
        first, second = (_Thread(threads, pool, single=False) for _ in range(2))
        assert {first.take(), second.take()} == {"a", "b"}
        third = _Thread(threads, pool, single=False)
        wait_until(lambda: _count_waiting(pool) == 1)
        assert third.waits
        first.end()
        assert third.take() in {"a", "b"}
        second.end()
        third.end()


def test_slices_that_came_together_share_the_cores_and_never_run_beside_the_wide_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s = 100.0
    monkeypatch.setattr(module, "monotonic", lambda: now_s)
    pool = NetworkPool("wide", ["a", "b"])
    now_s += 2 * module._SHARED_S
    with ThreadPoolExecutor(3) as threads:
        alone = _Thread(threads, pool)
        assert alone.take() == "wide"
        others = [_Thread(threads, pool) for _ in range(2)]
        wait_until(lambda: _count_waiting(pool) == 2)
        assert all(other.waits for other in others)
        alone.end()
        assert {other.take() for other in others} == {"a", "b"}
        for other in others:
            other.end()
        # For a while after, others are expected; then whoever comes is alone again.
        with pool.lend(single=True) as soon:
            assert soon != "wide"
        now_s += 2 * module._SHARED_S
        with pool.lend(single=True) as later:
            assert later == "wide"


def test_single_slice_goes_before_those_of_a_batch_and_does_not_starve_them() -> None:
    pool = NetworkPool("wide", ["only"])
    order: list[str] = []

    def run(name: str) -> None:
        with pool.lend(single=name.startswith("image")):
            order.append(name)

    with ThreadPoolExecutor(12) as threads:
        busy = _Thread(threads, pool, single=False)
        assert busy.take() == "only"
        running = []
        for name in ("slice 0", "slice 1", *(f"image {number}" for number in range(5))):
            before = _count_waiting(pool)
            running.append(threads.submit(run, name))
            wait_until(lambda before=before: _count_waiting(pool) == before + 1)  # type: ignore[misc]
        busy.end()
        for one in running:
            one.result(PATIENCE_S)
    assert order == ["image 0", "image 1", "image 2", "slice 0", "image 3", "image 4", "slice 1"]


def test_network_is_given_back_by_a_run_that_failed() -> None:
    pool = NetworkPool(None, ["only"])
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), pool.lend(single=True):
            1 / 0  # noqa: B018
    with pool.lend(single=True) as network:
        assert network == "only"
