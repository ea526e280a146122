"""Who runs an interpreter, and when: alone with all cores, else side by side, single slices first."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.waiting import PATIENCE_S, wait_until
from tumorscope.inference.engines import turns as module
from tumorscope.inference.engines.turns import Turns


class _Thread:
    """Takes an interpreter and keeps it until it is told to let go."""

    def __init__(self, threads: ThreadPoolExecutor, turns: Turns[str], *, single: bool = True) -> None:
        self._may_end = threading.Event()
        self._taken: Future[str] = Future()
        self._turns, self._single = turns, single
        self._running = threads.submit(self._run)

    def _run(self) -> None:
        with self._turns.take(single=self._single) as interpreter:
            self._taken.set_result(interpreter)
            assert self._may_end.wait(PATIENCE_S)

    @property
    def waits(self) -> bool:
        return not self._taken.done()

    def take(self) -> str:
        return self._taken.result(PATIENCE_S)

    def end(self) -> None:
        self._may_end.set()
        self._running.result(PATIENCE_S)


def _count_waiting(turns: Turns[str]) -> int:
    return len(turns._single) + len(turns._batches)


def test_slice_that_is_alone_has_all_cores() -> None:
    turns = Turns("wide", ["a", "b"])
    for _ in range(3):
        with turns.take(single=True) as interpreter:
            assert interpreter == "wide"


def test_one_core_has_one_interpreter() -> None:
    turns = Turns(None, ["only"])
    for single in (True, False):
        with turns.take(single=single) as interpreter:
            assert interpreter == "only"


def test_slices_of_a_batch_share_the_cores() -> None:
    turns = Turns("wide", ["a", "b"])
    with ThreadPoolExecutor(3) as threads:
        first, second = (_Thread(threads, turns, single=False) for _ in range(2))
        assert {first.take(), second.take()} == {"a", "b"}
        third = _Thread(threads, turns, single=False)
        wait_until(lambda: _count_waiting(turns) == 1)
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
    turns = Turns("wide", ["a", "b"])
    now_s += 2 * module._SHARED_S
    with ThreadPoolExecutor(3) as threads:
        alone = _Thread(threads, turns)
        assert alone.take() == "wide"
        others = [_Thread(threads, turns) for _ in range(2)]
        wait_until(lambda: _count_waiting(turns) == 2)
        assert all(other.waits for other in others)
        alone.end()
        assert {other.take() for other in others} == {"a", "b"}
        for other in others:
            other.end()
        # For a while after, others are expected; then whoever comes is alone again.
        with turns.take(single=True) as soon:
            assert soon != "wide"
        now_s += 2 * module._SHARED_S
        with turns.take(single=True) as later:
            assert later == "wide"


def test_single_slice_goes_before_those_of_a_batch_and_does_not_starve_them() -> None:
    turns = Turns("wide", ["only"])
    order: list[str] = []

    def run(name: str) -> None:
        with turns.take(single=name.startswith("picture")):
            order.append(name)

    with ThreadPoolExecutor(12) as threads:
        busy = _Thread(threads, turns, single=False)
        assert busy.take() == "only"
        running = []
        for name in ("slice 0", "slice 1", *(f"picture {number}" for number in range(5))):
            before = _count_waiting(turns)
            running.append(threads.submit(run, name))
            wait_until(lambda before=before: _count_waiting(turns) == before + 1)  # type: ignore[misc]
        busy.end()
        for one in running:
            one.result(PATIENCE_S)
    assert order == ["picture 0", "picture 1", "picture 2", "slice 0", "picture 3", "picture 4", "slice 1"]


def test_interpreter_is_given_back_by_a_run_that_failed() -> None:
    turns = Turns(None, ["only"])
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), turns.take(single=True):
            1 / 0  # noqa: B018
    with turns.take(single=True) as interpreter:
        assert interpreter == "only"
