"""Over HTTP: who waits for whom, and what is not computed because its client went away."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
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
from tumorscope.api.auth.api_keys import format_key, make_key
from tumorscope.api.http.connections import HeaderLimitsProtocol
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
def _serve(engine: _SlowEngine, **settings: float | Path) -> Iterator[tuple[FastAPI, httpx.Client]]:
    app = create_app(Settings(bundle=Path("unread"), **settings))  # type: ignore[arg-type]
    app.state.components.service.classifier = Classifier(make_headed_bundle(), engine)
    with listen(app, lifespan="off", http=HeaderLimitsProtocol) as address, connect(address) as client:
        try:
            yield app, client
        finally:
            engine.release()


def _send(client: httpx.Client, body: bytes, accept: str = "*/*", path: str = "/predict") -> socket.socket:
    """A request whose answer is not waited for."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**14)
    connection.connect((client.base_url.host, client.base_url.port or 80))
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


@pytest.mark.parametrize("other", ["key", "address"])
def test_batch_of_one_client_gives_way_to_another_key_or_address(other: str, tmp_path: Path) -> None:
    made = [make_key(name, date(2026, 11, 1), None) for name in ("batch", "page")]
    keys = tmp_path / "keys"
    keys.write_text("\n".join(format_key(key) for key, _secret in made))
    as_batch = {"X-API-Key": made[0][1]}
    # As a proxy on this machine would say it.
    as_other = {"X-API-Key": made[1][1]} if other == "key" else {**as_batch, "X-Forwarded-For": "192.0.2.1"}
    engine = _SlowEngine()
    with (
        _serve(engine, threads=1, max_waiting=4, api_keys_file=keys) as (app, client),
        ThreadPoolExecutor(6) as threads,
    ):

        def post(headers: dict[str, str]) -> httpx.Response:
            return client.post("/predict", content=_PICTURE, headers=headers)

        batch = [threads.submit(post, as_batch) for _ in range(5)]
        wait_until(lambda: app.state.components.queue.depth == 5 and engine.begun == 1)
        assert post(as_batch).json()["code"] == "overloaded"
        page = threads.submit(post, as_other)
        # One of the batch leaves the queue, another one is before the page.
        wait_until(lambda: any(one.done() for one in batch))
        for begun in (2, 3):
            engine.may_run.release()
            wait_until(lambda begun=begun: engine.begun == begun)  # type: ignore[misc]
        engine.may_run.release()
        assert page.result().status_code == 200
        engine.release()
        assert sorted(one.result().status_code for one in batch) == [200] * 4 + [503]


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


def test_request_that_waits_too_long_leaves_the_queue() -> None:
    engine = _SlowEngine()
    with _serve(engine, threads=1, max_request_s=1) as (app, client), _send(client, _PICTURE) as busy:
        wait_until(lambda: engine.begun == 1)
        late = client.post("/predict", content=_PICTURE)
        assert (late.status_code, late.json()["code"]) == (422, "took_too_long")
        # The one that runs is late as well, and has its place until its batch ends.
        assert app.state.components.queue.depth == 1
        engine.release()
        assert b"took_too_long" in busy.makefile("rb").read()
        wait_until(lambda: app.state.components.queue.depth == 0)
    assert engine.begun == 1


@pytest.mark.parametrize("accept", ["*/*", "application/x-ndjson"])
def test_volume_that_takes_too_long_ends_after_its_batch_and_says_so(accept: str) -> None:
    engine = _SlowEngine()
    with _serve(engine, threads=1, max_request_s=1) as (app, client), ThreadPoolExecutor(1) as threads:
        while not engine.begun:
            # On a slow machine it takes too long before it begins.
            answering = threads.submit(client.post, "/predict", content=_make_volume(200), headers={"Accept": accept})
            wait_until(lambda: engine.begun or answering.done())  # noqa: B023  (called at once)
        with connect((client.base_url.host, client.base_url.port or 80)) as other:
            # What came later is late: so is the volume.
            assert other.post("/predict", content=_make_volume(200)).status_code == 422
        engine.release()
        answer = answering.result()
        assert json.loads(answer.text.splitlines()[-1])["code"] == "took_too_long"
        assert answer.status_code == (422 if accept == "*/*" else 200)
        wait_until(lambda: app.state.components.queue.depth == 0)
    assert engine.slices < 60


def test_body_that_takes_too_long_is_refused() -> None:
    with _serve(_SlowEngine(), max_request_s=1) as (_app, client), _send(client, b"") as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf")
        answers = connection.makefile("rb").read()
    assert b"took_too_long" in answers
    assert b"connection: close" in answers.lower()


def test_volume_is_counted_until_it_is_read() -> None:
    noise = np.frombuffer(np.random.default_rng(0).bytes(128**3), np.uint8).reshape(128, 128, 128)
    with _serve(_SlowEngine()) as (app, client), _send(client, make_nifti_bytes(noise), path="/volume") as connection:
        answer = connection.makefile("rb")
        assert answer.readline().startswith(b"HTTP/1.1 200 ")
        components = app.state.components
        assert components.queue.depth == 0
        # It is smaller than the voxels, whose memory is free.
        assert 2**20 < components.decode_memory.used_bytes < 2 * 128**3
        size = next(int(line.split(b":")[1]) for line in answer if line.lower().startswith(b"content-length"))
        while answer.readline() != b"\r\n":
            pass
        assert len(answer.read(size)) == size
        wait_until(lambda: components.decode_memory.used_bytes == 0)


def test_volume_that_nobody_reads_is_forgotten_when_the_client_leaves() -> None:
    noise = np.frombuffer(np.random.default_rng(0).bytes(128**3), np.uint8).reshape(128, 128, 128)
    with _serve(_SlowEngine()) as (app, client):
        connection = _send(client, make_nifti_bytes(noise), path="/volume")
        assert connection.recv(12) == b"HTTP/1.1 200"
        connection.close()
        wait_until(lambda: app.state.components.decode_memory.used_bytes == 0)
        wait_until(lambda: 'route="/volume",status="499"} 1.0' in client.get("/metrics").text)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json, application/x-ndjson", "application/x-ndjson"),
        ("application/json, application/x-ndjson;q=0.5", "application/json"),
        ("application/x-ndjson ; q=1.0", "application/x-ndjson"),
        ("application/x-ndjson;q=0, */*", "application/json"),
        ("application/x-ndjson;q=0.000", "application/json"),
        ("application/x-ndjson-other", "application/json"),
        ("*/*", "application/json"),
    ],
)
def test_stream_is_sent_to_those_who_accept_it(accept: str, media_type: str) -> None:
    engine = _SlowEngine()
    engine.release()
    with _serve(engine) as (_app, client):
        answer = client.post("/predict", content=_PICTURE, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
