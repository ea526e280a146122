"""Starting, ready, failed: what /health reports, and what /predict answers."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.factories import break_golden_answer, break_weights, make_phantom_file, write_tiny_int8_bundle
from tests.waiting import PATIENCE_S, wait_until
from tumorscope.api.app import create_app
from tumorscope.api.lifecycle import model_watch
from tumorscope.api.lifecycle import service as service_module
from tumorscope.api.lifecycle.service import Candidate, Service
from tumorscope.api.settings import Settings
from tumorscope.domain.errors import NotReady
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.choose import OpenedEngine, open_engine
from tumorscope.model.bundle import MANIFEST_FILE, WEIGHTS_FILE, Bundle, read_bundle


@pytest.fixture(autouse=True)
def _watched_closely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_watch, "_POLL_S", 0.1)


@pytest.fixture(scope="module")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_int8_bundle(tmp_path_factory.mktemp("bundle"))


def _wait_for(client: TestClient, status: str) -> httpx.Response:
    """The first answer with this status: the next may have another, while a failed load is repeated."""
    answers: list[httpx.Response] = []

    def has_come() -> bool:
        answers.append(client.get("/health"))
        return bool(answers[-1].json()["status"] == status)

    wait_until(has_come)
    return answers[-1]


@pytest.fixture(scope="module")
def client(tiny_bundle: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(bundle=tiny_bundle))) as client:
        _wait_for(client, "ready")
        yield client


def test_ready_service_names_its_model(client: TestClient) -> None:
    health = client.get("/health").json()
    assert health["model"]["name"] == "tiny"
    assert health["queue_depth"] == 0
    assert client.get("/health/ready").status_code == 200


def test_model_of_two_classes_is_served_without_a_code_change(client: TestClient) -> None:
    answer = client.post("/predict", files={"file": make_phantom_file()}).json()
    assert set(answer["probabilities"]) == {"no_tumor", "lesion"}
    assert answer["label"] in (None, "lesion")


def test_starting_service_is_alive_and_not_ready(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "_WAIT_S", 0.1)
    app = create_app(Settings(bundle=tiny_bundle))
    # Without its lifespan the application has not begun to load.
    starting = TestClient(app)
    assert starting.get("/health/live").json() == {"status": "alive"}
    assert starting.get("/health/ready").status_code == 503
    refused = starting.post("/predict", files={"file": make_phantom_file()})
    assert (refused.status_code, refused.json()["code"]) == (503, "not_ready")
    assert int(refused.headers["retry-after"]) > 0
    assert "x-model-version" not in refused.headers


def _date_ahead(bundle: Path) -> None:
    manifest = (bundle / MANIFEST_FILE).read_text()
    (bundle / MANIFEST_FILE).write_text(manifest.replace('"format_version": 1', '"format_version": 99'))


@pytest.mark.parametrize(
    "damage",
    [
        break_weights,
        break_golden_answer,
        _date_ahead,
        lambda bundle: (bundle / WEIGHTS_FILE).unlink(),
        lambda bundle: (bundle / MANIFEST_FILE).unlink(),
    ],
)
def test_invalid_bundle_is_never_served(tmp_path: Path, damage: object) -> None:
    bundle = write_tiny_int8_bundle(tmp_path)
    assert callable(damage)
    damage(bundle)
    with TestClient(create_app(Settings(bundle=bundle))) as client:
        health = _wait_for(client, "failed")
        assert health.status_code == 503
        assert client.get("/health/live").status_code == 200
        assert client.post("/predict", files={"file": make_phantom_file()}).json()["code"] == "not_ready"
        assert client.get("/model").status_code == 503


def test_unexpected_error_reveals_no_internals(tiny_bundle: Path, caplog: pytest.LogCaptureFixture) -> None:
    app: FastAPI = create_app(Settings(bundle=tiny_bundle))

    @app.get("/broken")
    def fail() -> None:
        raise RuntimeError("Jane Doe's secret")

    with caplog.at_level("ERROR", "tumorscope"):
        response = TestClient(app).get("/broken")
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    assert "secret" not in response.text
    assert response.json()["request_id"] == caplog.records[-1].fields["request_id"]  # type: ignore[attr-defined]


def test_study_beyond_the_memory_is_overloaded_and_the_next_one_is_answered(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TestClient(create_app(Settings(bundle=tiny_bundle)), raise_server_exceptions=False) as client:
        _wait_for(client, "ready")
        with monkeypatch.context() as full:
            full.setattr("tumorscope.inference.pipeline.to_model_input", _find_no_memory)
            for accepted in ("application/json", "application/x-ndjson"):
                refused = client.post("/predict", content=make_phantom_file(), headers={"Accept": accepted})
                problem = json.loads(refused.text.splitlines()[-1])
                assert (problem["status"], problem["code"]) == (503, "overloaded")
        assert client.post("/predict", content=make_phantom_file()).status_code == 200


def _find_no_memory(*_: object) -> None:
    raise MemoryError


def test_failed_service_tells_clients_to_retry_later() -> None:
    service = Service()
    service.candidate = Candidate(None, "refused", "bundle_invalid")
    with pytest.raises(NotReady) as refusal:
        service.require_classifier()
    assert refusal.value.retry_after_s >= 30


def test_request_waits_for_a_model_that_is_loading(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = threading.Event()
    wait = Service.wait_for_classifier

    async def wait_and_say_so(service: Service) -> Classifier:
        waits.set()
        return await wait(service)

    def read_late(folder: Path) -> Bundle:
        assert waits.wait(PATIENCE_S)
        return read_bundle(folder)

    monkeypatch.setattr(service_module, "_WAIT_S", PATIENCE_S)
    monkeypatch.setattr(Service, "wait_for_classifier", wait_and_say_so)
    monkeypatch.setattr(model_watch, "read_bundle", read_late)
    with TestClient(create_app(Settings(bundle=tiny_bundle))) as client:
        assert client.get("/health").json()["status"] == "starting"
        assert client.post("/predict", files={"file": make_phantom_file()}).status_code == 200


def test_draining_service_is_not_ready_and_answers(tiny_bundle: Path) -> None:
    app = create_app(Settings(bundle=tiny_bundle))
    with TestClient(app) as client:
        _wait_for(client, "ready")
        app.state.components.service.drain()
        assert client.get("/health").json()["status"] == "draining"
        for path in ("/health/ready", "/v2/health/ready"):
            assert client.get(path).status_code == 503
        answer = client.post("/predict", files={"file": make_phantom_file()})
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")


def test_repaired_bundle_is_loaded_without_a_restart(tmp_path: Path) -> None:
    bundle = write_tiny_int8_bundle(tmp_path)
    whole = (bundle / WEIGHTS_FILE).read_bytes()
    break_weights(bundle)
    with TestClient(create_app(Settings(bundle=bundle))) as client:
        health = _wait_for(client, "failed").json()
        assert health["failure"] == "bundle_invalid"
        assert health["candidate"] == {"version": None, "state": "refused", "reason": "bundle_invalid"}
        (bundle / WEIGHTS_FILE).write_bytes(whole)
        health = _wait_for(client, "ready").json()
        assert (health["failure"], health["candidate"]) == (None, None)
        assert client.post("/predict", files={"file": make_phantom_file()}).status_code == 200


def test_load_that_failed_for_memory_is_repeated(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = [True]

    def open_when_there_is_room(*arguments: Any) -> OpenedEngine:
        if full[0]:
            raise MemoryError
        return open_engine(*arguments)

    monkeypatch.setattr("tumorscope.inference.engines.choose.open_engine", open_when_there_is_room)
    monkeypatch.setattr(model_watch, "_RETRY_S", 0.1)
    with TestClient(create_app(Settings(bundle=tiny_bundle))) as client:
        assert _wait_for(client, "failed").json()["failure"] == "load_failed"
        full[0] = False
        _wait_for(client, "ready")
