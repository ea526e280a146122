"""Requests that arrive while an engine is busy run together, and each thread gets its own answer."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from tests.factories import make_outputs
from tests.waiting import PATIENCE_S, wait_until
from tumorscope.inference.engines.batching import BatchingEngine
from tumorscope.inference.engines.engine import Outputs


class _Slow:
    """Answers with each slice's first value; the first call takes until it is told to go on."""

    name, device = "slow", "gpu"

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.at_work = threading.Event()
        self.go_on = threading.Event()

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        self.calls.append(len(batch))
        self.at_work.set()
        assert self.go_on.wait(PATIENCE_S)
        if (batch[:, 0, 0, 0] < 0).any():
            raise MemoryError("out of memory on the card")
        return make_outputs(np.repeat(batch[:, 0, 0, :1], 4, axis=1))


def _make_slices(*values: float) -> NDArray[np.float32]:
    return np.stack([np.full((32, 32, 3), value, np.float32) for value in values])


def _ask_while_busy(engine: _Slow, max_slices: int, *batches: NDArray[np.float32]) -> list[Outputs | BaseException]:
    """The answers to batches that all came while the engine was busy with another."""
    batching = BatchingEngine(engine, max_slices)
    with ThreadPoolExecutor(len(batches) + 1) as threads:
        first = threads.submit(batching.run, _make_slices(0.5))
        assert engine.at_work.wait(PATIENCE_S)
        waiting = []
        for batch in batches:
            waiting.append(threads.submit(batching.run, batch))
            wait_until(lambda: len(batching._waiting) == len(waiting))
        engine.go_on.set()
        first.result()
        return [one.exception() or one.result() for one in waiting]


def test_slice_that_comes_alone_is_run_at_once() -> None:
    engine = _Slow()
    engine.go_on.set()
    assert BatchingEngine(engine, 16).run(_make_slices(0.25)).logits[0, 0] == 0.25
    assert engine.calls == [1]


def test_slices_that_came_meanwhile_are_run_together_and_each_thread_has_its_own() -> None:
    engine = _Slow()
    batches = [_make_slices(0.1), _make_slices(0.2, 0.3), _make_slices(0.4)]
    answers = _ask_while_busy(engine, 16, *batches)
    assert engine.calls == [1, 4]
    for batch, answer in zip(batches, answers, strict=True):
        assert isinstance(answer, Outputs)
        np.testing.assert_array_equal(answer.logits[:, 0], batch[:, 0, 0, 0])


def test_call_has_no_more_slices_than_it_may_and_a_larger_batch_is_not_divided() -> None:
    engine = _Slow()
    batches = [_make_slices(0.1), _make_slices(0.2), _make_slices(*[0.3] * 5), _make_slices(0.4)]
    answers = _ask_while_busy(engine, 2, *batches)
    assert engine.calls == [1, 2, 5, 1]
    assert all(isinstance(answer, Outputs) for answer in answers)


def test_error_is_raised_in_each_thread_that_had_a_part_in_it_and_in_no_other() -> None:
    engine = _Slow()
    *failed, answered = _ask_while_busy(engine, 2, _make_slices(0.1), _make_slices(-1), _make_slices(0.4))
    assert [type(one) for one in failed] == [MemoryError, MemoryError]
    assert isinstance(answered, Outputs)


def test_engine_says_what_it_is() -> None:
    batching = BatchingEngine(_Slow(), 16)
    assert (batching.name, batching.device) == ("slow", "gpu")


def test_many_threads_get_what_they_asked_for() -> None:
    engine = _Slow()
    engine.go_on.set()
    batching = BatchingEngine(engine, 4)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda value: float(batching.run(_make_slices(value)).logits[0, 0]), range(200)))
    assert answers == list(range(200))
