"""The fastest engine for machine and bundle is chosen; a failing GPU is replaced."""

import logging
import sys
from pathlib import Path
from threading import Barrier, Thread

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories import make_outputs
from tests.waiting import PATIENCE_S
from tumorscope.domain.errors import EngineMissing
from tumorscope.inference.engines import choose
from tumorscope.inference.engines.choose import GuardedEngine, open_engine
from tumorscope.inference.engines.engine import Outputs
from tumorscope.model.bundle import Bundle

_PIXELS = np.zeros((1, 32, 32, 3), np.float32)
# Which of them is the fastest depends on the machine.
_ON_CPU = ("litert-int8", "ncnn-float32", "ncnn-int8")


class _Gpu:
    """Says that it is one, and runs out of memory from the n-th call on."""

    name, device = "tensorflow-float32", "gpu"

    def __init__(self, fails_from: int) -> None:
        self._left = fails_from

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        self._left -= 1
        if self._left < 0:
            raise MemoryError("out of memory on the card")
        return make_outputs(np.full((len(batch), 4), 7, np.float32))


@pytest.fixture
def with_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine whose driver says that there is a GPU."""
    control = tmp_path / "nvidiactl"
    control.touch()
    monkeypatch.setattr(choose, "_GPU_CONTROL", control)


@pytest.fixture
def without_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(choose, "_GPU_CONTROL", tmp_path / "absent")


@pytest.fixture
def without_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    # Python's own way to say that a module is not there.
    monkeypatch.setitem(sys.modules, "tumorscope.inference.engines.tensorflow", None)


@pytest.mark.usefixtures("without_gpu")
def test_without_a_gpu_the_fastest_on_the_cpu_answers_and_says_how_fast(int8_bundle: Bundle) -> None:
    opened = open_engine(int8_bundle)
    fastest, milliseconds = next(iter(opened.timings.items()))
    assert opened.engine.name == fastest
    assert opened.reason.startswith(f"no GPU was found; a slice takes {fastest} {milliseconds} ms")


@pytest.mark.usefixtures("without_gpu")
def test_bundle_without_an_int8_form_is_run_in_float32(tiny_bundle: Bundle) -> None:
    opened = open_engine(tiny_bundle)
    assert (opened.engine.name, opened.timings) == ("ncnn-float32", {})
    assert opened.reason == "no GPU was found; the bundle has no int8 form"


@pytest.mark.parametrize(
    ("choice", "name"),
    [
        ("litert", "litert-int8"),
        ("ncnn", "ncnn-float32"),
        ("ncnn-int8", "ncnn-int8"),
        ("tensorflow", "tensorflow-"),
    ],
)
def test_operator_chooses(int8_bundle: Bundle, choice: choose.EngineChoice, name: str) -> None:
    opened = open_engine(int8_bundle, choice)
    assert opened.engine.name.startswith(name)
    assert opened.reason == "chosen by the operator"


@pytest.mark.usefixtures("with_gpu")
def test_gpu_is_taken_and_replaced_for_good_when_it_runs_out_of_memory(
    int8_bundle: Bundle, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(choose, "_open_tensorflow", lambda _bundle: _Gpu(fails_from=2))
    opened = open_engine(int8_bundle)
    assert (opened.engine.device, opened.reason) == ("gpu", "a GPU was found")
    answers = [opened.engine.run(_PIXELS).logits for _ in range(2)]
    assert all((logits == 7).all() for logits in answers)
    with caplog.at_level(logging.WARNING):
        replaced = opened.engine.run(_PIXELS).logits
    assert not (replaced == 7).all()
    assert [record.message for record in caplog.records] == ["gpu_failed"]
    assert opened.engine.name in _ON_CPU
    assert opened.engine.device == "cpu"
    np.testing.assert_array_equal(opened.engine.run(_PIXELS).logits, replaced)


@pytest.mark.usefixtures("with_gpu")
def test_gpu_that_fails_at_the_start_is_left_alone_with_a_warning(
    int8_bundle: Bundle, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_bundle: Bundle) -> None:
        raise RuntimeError("driver and library do not fit")

    monkeypatch.setattr(choose, "_open_tensorflow", fail)
    with caplog.at_level(logging.WARNING):
        opened = open_engine(int8_bundle)
    assert opened.engine.name in _ON_CPU
    assert "failed at the start (RuntimeError)" in opened.reason
    assert [record.message for record in caplog.records] == ["gpu_failed_at_start"]


@pytest.mark.usefixtures("with_gpu", "without_tensorflow")
def test_gpu_without_tensorflow_is_left_alone_with_a_warning(
    int8_bundle: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        opened = open_engine(int8_bundle)
    assert opened.engine.name in _ON_CPU
    assert opened.reason.startswith("a GPU is there and TensorFlow is not installed; a slice takes")
    assert [record.message for record in caplog.records] == ["gpu_needs_tensorflow"]


@pytest.fixture
def without_ncnn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "find_spec", lambda _name: None)
    monkeypatch.setitem(sys.modules, "tumorscope.inference.engines.ncnn", None)


@pytest.mark.usefixtures("without_gpu", "without_ncnn")
def test_without_ncnn_the_int8_form_answers(int8_bundle: Bundle) -> None:
    opened = open_engine(int8_bundle)
    assert (opened.engine.name, opened.reason) == ("litert-int8", "no GPU was found")


@pytest.mark.usefixtures("without_gpu", "without_ncnn")
def test_without_ncnn_and_int8_form_tensorflow_answers(tiny_bundle: Bundle) -> None:
    opened = open_engine(tiny_bundle)
    assert opened.engine.name.startswith("tensorflow-")
    assert opened.reason == "no GPU was found; the bundle has no int8 form, and ncnn is not installed"


@pytest.mark.usefixtures("without_ncnn")
@pytest.mark.parametrize("choice", ["ncnn", "ncnn-int8"])
def test_ncnn_that_was_chosen_and_is_missing_says_what_to_install(
    tiny_bundle: Bundle, choice: choose.EngineChoice
) -> None:
    with pytest.raises(EngineMissing, match="pip install ncnn"):
        open_engine(tiny_bundle, choice)


@pytest.mark.usefixtures("without_tensorflow")
def test_tensorflow_that_was_chosen_and_is_missing_says_what_to_install(tiny_bundle: Bundle) -> None:
    with pytest.raises(EngineMissing, match=r"pip install 'tumorscope\[tensorflow\]'"):
        open_engine(tiny_bundle, "tensorflow")


@pytest.mark.usefixtures("with_gpu")
def test_gpu_that_tensorflow_does_not_find_is_reported(int8_bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    class _Cpu(_Gpu):
        device = "cpu"

    monkeypatch.setattr(choose, "_open_tensorflow", lambda _bundle: _Cpu(fails_from=9))
    opened = open_engine(int8_bundle)
    assert opened.engine.name in _ON_CPU
    assert opened.reason.startswith("a GPU is there and TensorFlow does not find it; a slice takes")


def test_failure_of_the_second_engine_is_not_hidden() -> None:
    guarded = GuardedEngine(_Gpu(fails_from=0), lambda: _Gpu(fails_from=0))
    for _ in range(2):
        with pytest.raises(MemoryError):
            guarded.run(_PIXELS)


def test_threads_that_fail_together_open_one_engine() -> None:
    opened = []
    together = Barrier(4)

    class _Failing(_Gpu):
        def run(self, batch: NDArray[np.float32]) -> Outputs:
            together.wait(timeout=PATIENCE_S)
            return super().run(batch)

    def open_second() -> _Gpu:
        opened.append(_Gpu(fails_from=100))
        return opened[-1]

    guarded = GuardedEngine(_Failing(fails_from=0), open_second)
    threads = [Thread(target=guarded.run, args=(_PIXELS,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=PATIENCE_S)
    assert len(opened) == 1
