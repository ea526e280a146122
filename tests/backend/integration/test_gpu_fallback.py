"""A GPU that fails at the start or later: the CPU answers, a warning is logged, /health states why."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from tests.factories import make_phantom_file, write_tiny_bundle, write_tiny_int8_bundle
from tests.waiting import wait_for_state
from tumorscope.api.app import create_app
from tumorscope.api.settings import Settings
from tumorscope.inference.engines import choose
from tumorscope.inference.engines.engine import Engine, Outputs
from tumorscope.model.bundle import Bundle


@pytest.fixture(scope="module")
def int8_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_int8_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(autouse=True)
def _with_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine whose driver says that there is one."""
    control = tmp_path / "nvidiactl"
    control.touch()
    monkeypatch.setattr(choose, "_GPU_CONTROL", control)


def _fail_at_start(_bundle: Bundle) -> Engine:
    raise RuntimeError("CUDA driver version is insufficient for CUDA runtime version")


class _FullGpu:
    """Answers the golden picture and one request, then is out of memory."""

    name, device = "tensorflow-float32", "gpu"

    def __init__(self, cpu: Engine) -> None:
        self._cpu, self._left = cpu, 2

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        self._left -= 1
        if self._left < 0:
            raise MemoryError("OOM when allocating tensor with shape[16,512,8,8]")
        return self._cpu.run(batch)


def _wait_until_ready(client: TestClient) -> dict[str, Any]:
    wait_for_state(client, "ready")
    health: dict[str, Any] = client.get("/health").json()
    return health


def _predict_engine(client: TestClient) -> tuple[str, str]:
    answer = client.post("/predict", files={"file": make_phantom_file()})
    assert answer.status_code == 200, answer.text
    model = answer.json()["model"]
    return model["engine"], model["device"]


def test_cpu_answers_if_the_gpu_fails_at_the_start(
    int8_bundle: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(choose, "_open_tensorflow", _fail_at_start)
    with caplog.at_level(logging.WARNING), TestClient(create_app(Settings(bundle=int8_bundle))) as client:
        health = _wait_until_ready(client)
        assert health["model"]["device"] == "cpu"
        assert health["engine_reason"].startswith(
            "a GPU is there and failed at the start (RuntimeError); a slice takes"
        )
        assert _predict_engine(client) == (next(iter(health["engine_timings_ms"])), "cpu")
    assert "gpu_failed_at_start" in [record.message for record in caplog.records]


def test_gpu_that_runs_out_of_memory_is_replaced_within_the_request(
    int8_bundle: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def open_full(bundle: Bundle) -> Engine:
        return _FullGpu(choose._open_litert(bundle, 1))

    monkeypatch.setattr(choose, "_open_tensorflow", open_full)
    with caplog.at_level(logging.WARNING), TestClient(create_app(Settings(bundle=int8_bundle))) as client:
        health = _wait_until_ready(client)
        assert (health["model"]["device"], health["engine_reason"]) == ("gpu", "a GPU was found")
        assert _predict_engine(client) == ("tensorflow-float32", "gpu")
        assert "gpu_failed" not in [record.message for record in caplog.records]
        assert _predict_engine(client) in {("litert-int8", "cpu"), ("ncnn-float32", "cpu"), ("ncnn-int8", "cpu")}
        health = client.get("/health").json()
        assert (health["status"], health["model"]["device"]) == ("ready", "cpu")
        assert health["engine_reason"] == "a GPU was found and failed (MemoryError)"
    assert "gpu_failed" in [record.message for record in caplog.records]
    assert "allocating" not in str([getattr(record, "fields", {}) for record in caplog.records])


def test_bundle_without_an_int8_form_falls_back_to_the_cpu_in_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "_open_tensorflow", lambda bundle: _FullGpu(choose._open_ncnn(bundle, 1)))
    bundle = write_tiny_bundle(tmp_path, ("no_tumor", "lesion"))
    with TestClient(create_app(Settings(bundle=bundle))) as client:
        assert _wait_until_ready(client)["model"]["device"] == "gpu"
        assert _predict_engine(client)[1] == "gpu"
        assert _predict_engine(client) == ("ncnn-float32", "cpu")
