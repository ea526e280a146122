"""The int8 engine answers like the float32 network, in any thread and without TensorFlow."""

import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories import make_slice, write_tiny_int8_bundle
from tests.waiting import PATIENCE_S, wait_until
from tumorscope.domain.errors import BundleInvalid
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.inference.classifier import calibrate
from tumorscope.inference.engines import litert as module
from tumorscope.inference.engines.litert import InterpreterPool, LiteRTEngine
from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.model.bundle import Bundle
from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input

_BATCH: NDArray[np.float32] = np.stack(
    [
        to_model_input(make_slice(seed, lesion=bool(seed % 2)), PreprocessingParameters(size=32)).pixels
        for seed in range(100, 105)
    ]
)


@pytest.fixture(scope="module")
def engine(int8_bundle: Bundle) -> LiteRTEngine:
    return LiteRTEngine(int8_bundle, 2)


def test_engine_says_what_it_is(engine: LiteRTEngine) -> None:
    assert (engine.name, engine.device) == ("litert-int8", "cpu")


def test_outputs_are_close_to_those_of_the_float32_network(int8_bundle: Bundle, engine: LiteRTEngine) -> None:
    expected, found = TensorFlowEngine(int8_bundle, exact=True).run(_BATCH), engine.run(_BATCH)
    np.testing.assert_allclose(calibrate(found.logits, 1.0), calibrate(expected.logits, 1.0), atol=0.05)
    np.testing.assert_allclose(found.features, expected.features, atol=0.02 * expected.features.max())
    np.testing.assert_allclose(found.activation, expected.activation, atol=0.1 * expected.activation.max())
    for one, two in zip(
        (found.logits, found.features, found.activation),
        (expected.logits, expected.features, expected.activation),
        strict=True,
    ):
        assert one.shape == two.shape
        assert one.dtype == np.float32


def test_batch_gives_the_answers_of_its_slices_one_by_one(engine: LiteRTEngine) -> None:
    alone = np.concatenate([engine.run(pixels[None]).logits for pixels in _BATCH])
    np.testing.assert_array_equal(engine.run(_BATCH).logits, alone)


def test_several_threads_may_ask_at_once(engine: LiteRTEngine) -> None:
    expected = engine.run(_BATCH).logits
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda i: engine.run(_BATCH[i % 5][None]).logits[0], range(100)))
    for i, answer in enumerate(answers):
        np.testing.assert_array_equal(answer, expected[i % 5])


@pytest.mark.parametrize("content", [None, b"no model", b"\x1c\0\0\0TFL3 but no more"])
def test_bundle_without_an_int8_form_that_can_be_run_is_refused(int8_bundle: Bundle, content: bytes | None) -> None:
    with pytest.raises(BundleInvalid, match="int8"):
        LiteRTEngine(replace(int8_bundle, int8=content), 1)


def test_form_of_another_input_is_refused(int8_bundle: Bundle) -> None:
    manifest = int8_bundle.manifest
    larger = manifest.model_copy(update={"input": manifest.input.model_copy(update={"size": 64})})
    with pytest.raises(BundleInvalid, match="input"):
        LiteRTEngine(replace(int8_bundle, manifest=larger), 1)


def test_form_of_other_classes_is_refused(int8_bundle: Bundle) -> None:
    more = int8_bundle.manifest.model_copy(update={"class_names": list(DEFAULT_CLASS_NAMES)})
    with pytest.raises(BundleInvalid, match="manifest states"):
        LiteRTEngine(replace(int8_bundle, manifest=more), 1)


def test_serving_on_a_cpu_imports_no_tensorflow(tmp_path: Path) -> None:
    bundle = write_tiny_int8_bundle(tmp_path)
    code = """
import sys
import time
from fastapi.testclient import TestClient
from tests.factories import make_phantom_file
from tumorscope.api.app import create_app
from tumorscope.api.settings import Settings
with TestClient(create_app(Settings(bundle=sys.argv[1], engine="auto"))) as client:
    while client.get("/health").json()["status"] == "starting":
        time.sleep(0.05)
    answer = client.post("/predict?explain=heatmap", files={"file": make_phantom_file()}).json()
assert answer["model"]["engine"] == "litert-int8", answer
assert answer["explanation"] is not None
assert not {"tensorflow", "keras"} & set(sys.modules), "imported"
"""
    subprocess.run([sys.executable, "-c", code, str(bundle)], check=True, timeout=PATIENCE_S)


class _Thread:
    """Borrows an interpreter until told to return it."""

    def __init__(self, threads: ThreadPoolExecutor, pool: InterpreterPool[str], *, single: bool = True) -> None:
        self._may_end = threading.Event()
        self._taken: Future[str] = Future()
        self._pool, self._single = pool, single
        self._running = threads.submit(self._run)

    def _run(self) -> None:
        with self._pool.lend(single=self._single) as interpreter:
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


def _count_waiting(pool: InterpreterPool[str]) -> int:
    return len(pool._single) + len(pool._batches)


def test_slice_that_is_alone_has_all_cores() -> None:
    pool = InterpreterPool("wide", ["a", "b"])
    for _ in range(3):
        with pool.lend(single=True) as interpreter:
            assert interpreter == "wide"


def test_one_core_has_one_interpreter() -> None:
    pool = InterpreterPool(None, ["only"])
    for single in (True, False):
        with pool.lend(single=single) as interpreter:
            assert interpreter == "only"


def test_slices_of_a_batch_share_the_cores() -> None:
    pool = InterpreterPool("wide", ["a", "b"])
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
    pool = InterpreterPool("wide", ["a", "b"])
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
    pool = InterpreterPool("wide", ["only"])
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


def test_interpreter_is_given_back_by_a_run_that_failed() -> None:
    pool = InterpreterPool(None, ["only"])
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), pool.lend(single=True):
            1 / 0  # noqa: B018
    with pool.lend(single=True) as interpreter:
        assert interpreter == "only"
