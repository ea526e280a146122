"""Over HTTP: who waits for whom, and what is not computed because its client went away."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from starlette.types import Message

from tests.factories import (
    make_dicom_bytes,
    make_headed_bundle,
    make_manifest,
    make_nifti_bytes,
    make_outputs,
    make_phantom_file,
)
from tests.serving import connect, listen
from tests.waiting import PATIENCE_S, until, wait_until
from tumorscope.api.app import create_app
from tumorscope.api.settings import Settings
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.engine import Outputs

_PICTURE = make_phantom_file(size=64)
_HEAD = np.frombuffer(np.random.default_rng(0).bytes(64 * 64), np.uint8).reshape(64, 64)


@dataclass
class _SlowEngine:
    """Runs batch by batch, each when it may; counts the slices that it was given."""

    may_run: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    single_may_run: bool = False
    begun: int = 0
    slices: int = 0
    name: str = "slow"
    device: str = "cpu"

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        self.begun += 1
        if not (self.single_may_run and len(batch) == 1):
            assert self.may_run.acquire(timeout=PATIENCE_S)
        self.slices += len(batch)
        return make_outputs(np.zeros((len(batch), 4), np.float32))

    def release(self) -> None:
        for _ in range(1000):
            self.may_run.release()


@contextmanager
def _serve(engine: _SlowEngine, **settings: int) -> Iterator[tuple[FastAPI, httpx.Client]]:
    app = create_app(Settings(bundle=Path("unread"), **settings))  # type: ignore[arg-type]
    app.state.components.service.classifier = Classifier(make_headed_bundle(), engine)
    with listen(app, lifespan="off") as address, connect(address) as client:
        try:
            yield app, client
        finally:
            engine.release()


def _send(client: httpx.Client, body: bytes, accept: str = "*/*") -> socket.socket:
    """A request whose answer is not waited for."""
    connection = socket.create_connection((client.base_url.host, client.base_url.port or 80))
    head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


def _make_volume(slices: int) -> bytes:
    return make_nifti_bytes(np.repeat(_HEAD[:, :, None], slices, axis=2))


def test_picture_is_answered_while_volumes_fill_their_threads() -> None:
    engine = _SlowEngine()
    with _serve(engine, threads=1) as (app, client), ThreadPoolExecutor(4) as threads:
        volumes = [threads.submit(client.post, "/predict", content=_make_volume(40)) for _ in range(3)]
        wait_until(lambda: app.state.components.queue.depth == 3 and engine.begun == 1)
        # No batch of a volume may end before the picture is answered.
        engine.single_may_run = True
        assert client.post("/predict", content=_PICTURE).status_code == 200
        assert not any(volume.done() for volume in volumes)
        engine.release()
        assert [volume.result().status_code for volume in volumes] == [200] * 3


def test_frames_of_one_file_are_answered_in_one_go() -> None:
    engine = _SlowEngine()
    engine.release()
    groups = []
    for index in range(12):
        position, group = Dataset(), Dataset()
        position.ImagePositionPatient = [0, 0, index]
        group.PlanePositionSequence = [position]
        groups.append(group)
    pixels = np.repeat(_HEAD[None], 12, axis=0).astype(np.uint16)
    frames = make_dicom_bytes(pixels, NumberOfFrames=12, PerFrameFunctionalGroupsSequence=groups)
    with _serve(engine, threads=1) as (app, client):
        answer = client.post("/predict?slices=all", content=frames)
        assert (answer.status_code, answer.json()["input"]["slice_count"]) == (200, 12)
        assert app.state.components.queue.depth == 0
    assert engine.slices == len(answer.json()["slices"])


def test_answer_says_what_the_document_says(live_schema: dict[str, object]) -> None:
    engine = _SlowEngine()
    engine.release()
    with _serve(engine) as (_app, client):
        response = client.post("/predict", content=_PICTURE)
    assert response.headers["content-type"] == "application/json"
    assert set(response.json()) == set(live_schema)


@pytest.fixture
def live_schema() -> dict[str, object]:
    document = json.loads((Path(__file__).parents[5] / "backend" / "openapi.json").read_text())
    properties: dict[str, object] = document["components"]["schemas"]["PredictionAnswer"]["properties"]
    return properties


@pytest.mark.parametrize("path", ["/predict", "/volume", f"/v2/models/{make_manifest().name}/infer"])
def test_unknown_parameter_is_refused_by_its_name(path: str) -> None:
    with _serve(_SlowEngine()) as (_app, client):
        response = client.post(path, params={"operating_point": "screening"}, content=_PICTURE)
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    assert response.json()["code"] == "invalid_request"
    assert response.json()["detail"] == "query.operating_point: There is no such parameter."


@pytest.mark.parametrize("body", [_PICTURE, _make_volume(20)], ids=["picture", "volume"])
@pytest.mark.parametrize("accept", ["*/*", "application/x-ndjson"])
def test_request_whose_client_left_while_it_waited_is_not_computed(body: bytes, accept: str) -> None:
    engine = _SlowEngine()
    with _serve(engine, threads=1) as (app, client), ThreadPoolExecutor(1) as threads:
        first = threads.submit(client.post, "/predict", content=body)
        wait_until(lambda: engine.begun == 1)
        waiting = [_send(client, body, accept) for _ in range(3)]
        wait_until(lambda: app.state.components.queue.depth == 4)
        for connection in waiting:
            connection.close()
        engine.release()
        alone = first.result()
        assert alone.status_code == 200
        wait_until(lambda: app.state.components.queue.depth == 0)
        judged = engine.slices
        assert client.post("/predict", content=body).status_code == 200
    # The second answer took as many slices as all that came before it.
    assert engine.slices == 2 * judged


@pytest.mark.parametrize("accept", ["*/*", "application/x-ndjson"])
def test_volume_whose_client_leaves_ends_after_its_batch(accept: str, caplog: pytest.LogCaptureFixture) -> None:
    engine = _SlowEngine()
    with _serve(engine) as (app, client):
        connection = _send(client, _make_volume(200), accept)
        wait_until(lambda: engine.begun == 1)
        connection.close()
        # The server has to see it before the batch ends.
        assert client.get("/health").status_code == 200
        engine.may_run.release()
        wait_until(lambda: engine.begun == 2 or app.state.components.queue.depth == 0)
        engine.release()
        wait_until(lambda: app.state.components.queue.depth == 0)
        wait_until(lambda: 'route="/predict",status="499"} 1.0' in client.get("/metrics").text)
        assert 'route="/predict",status="200"' not in client.get("/metrics").text
    assert engine.slices < 60
    assert "answer_failed" not in caplog.text


def test_stream_whose_client_leaves_before_its_first_line_ends_the_work() -> None:
    engine = _SlowEngine()
    app = create_app(Settings(bundle=Path("unread")))
    components = app.state.components
    components.service.classifier = Classifier(make_headed_bundle(), engine)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "method": "POST",
        "path": "/predict",
        "query_string": b"",
        "headers": [(b"accept", b"application/x-ndjson")],
    }
    sent: list[str] = []

    async def ask() -> None:
        has_left = asyncio.Event()
        body = iter([_make_volume(200)])

        async def receive() -> Message:
            if (content := next(body, None)) is not None:
                return {"type": "http.request", "body": content, "more_body": False}
            await has_left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message["type"])
            has_left.set()
            # A client that has left takes nothing more.
            await asyncio.Event().wait()

        await app(scope, receive, send)
        engine.release()
        await until(lambda: components.queue.depth == 0)

    asyncio.run(ask())
    assert sent == ["http.response.start"]
    assert engine.slices < 60


def test_lane_that_is_full_says_when_to_come_again() -> None:
    engine = _SlowEngine()
    with _serve(engine, threads=1, max_waiting=2) as (app, client):
        waiting = [_send(client, _PICTURE) for _ in range(3)]
        wait_until(lambda: app.state.components.queue.depth == 3)
        refused = client.post("/predict", content=_PICTURE)
        assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
        assert int(refused.headers["retry-after"]) >= 1
        engine.release()
        wait_until(lambda: app.state.components.queue.depth == 0)
        assert client.post("/predict", content=_PICTURE).status_code == 200
        for connection in waiting:
            assert connection.recv(12) == b"HTTP/1.1 200"
            connection.close()
