"""Starting, ready, failed: what /health says, and what /predict answers meanwhile."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.factories import make_phantom_file, write_tiny_bundle
from tumorscope.api.app import create_app
from tumorscope.api.service import Service
from tumorscope.api.settings import Settings
from tumorscope.domain.errors import ModelError, NotReady
from tumorscope.model.bundle import MANIFEST_FILE, WEIGHTS_FILE


@pytest.fixture(scope="module")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle"), ("no_tumor", "lesion"))


def _wait_for(client: TestClient, status: str) -> httpx.Response:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        response: httpx.Response = client.get("/health")
        if response.json()["status"] == status:
            return response
        time.sleep(0.05)
    raise AssertionError(f"never {status}")


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


def test_starting_service_is_alive_and_not_ready(tiny_bundle: Path) -> None:
    app = create_app(Settings(bundle=tiny_bundle))
    # Without its lifespan the application has not begun to load.
    starting = TestClient(app)
    assert starting.get("/health/live").json() == {"status": "alive"}
    assert starting.get("/health/ready").status_code == 503
    refused = starting.post("/predict", files={"file": make_phantom_file()})
    assert (refused.status_code, refused.json()["code"]) == (503, "not_ready")
    assert int(refused.headers["retry-after"]) > 0
    assert "x-model-version" not in refused.headers


def _break_weights(bundle: Path) -> None:
    content = bytearray((bundle / WEIGHTS_FILE).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / WEIGHTS_FILE).write_bytes(content)


def _break_golden_answer(bundle: Path) -> None:
    import json

    manifest = json.loads((bundle / MANIFEST_FILE).read_text())
    manifest["golden"][0]["probabilities"] = {"no_tumor": 1.0, "lesion": 0.0}
    (bundle / MANIFEST_FILE).write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    "damage", [_break_weights, _break_golden_answer, lambda bundle: (bundle / MANIFEST_FILE).unlink()]
)
def test_bundle_that_cannot_be_trusted_is_never_served(tmp_path: Path, damage: object) -> None:
    bundle = write_tiny_bundle(tmp_path, ("no_tumor", "lesion"))
    assert callable(damage)
    damage(bundle)
    with TestClient(create_app(Settings(bundle=bundle))) as client:
        health = _wait_for(client, "failed")
        assert health.status_code == 503
        assert client.get("/health/live").status_code == 200
        assert client.post("/predict", files={"file": make_phantom_file()}).json()["code"] == "not_ready"
        assert client.get("/model").status_code == 503


def test_unforeseen_error_says_nothing_of_the_inside(tiny_bundle: Path, caplog: pytest.LogCaptureFixture) -> None:
    app: FastAPI = create_app(Settings(bundle=tiny_bundle))

    @app.get("/broken")
    def fail() -> None:
        raise RuntimeError("Jane Doe's secret")

    with caplog.at_level("ERROR", "tumorscope"):
        response = TestClient(app).get("/broken")
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    assert "secret" not in response.text
    assert response.json()["request_id"] == caplog.records[-1].fields["request_id"]  # type: ignore[attr-defined]


def _refuse() -> object:
    raise ModelError("no model")


def test_failed_service_tells_clients_to_wait_longer() -> None:
    async def start() -> int:
        service = Service(_refuse)  # type: ignore[arg-type]
        await service.start()
        with pytest.raises(NotReady) as refusal:
            service.require_classifier()
        return refusal.value.retry_after_s

    assert asyncio.run(start()) >= 30
