"""The memory of all uploads is bounded, and released however a request ends: over HTTP, to the byte."""

import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories import make_manifest, make_outputs, make_phantom_file
from tests.serving import connect, listen
from tests.waiting import PATIENCE_S, wait_until
from tumorscope.api.app import create_app
from tumorscope.api.http.uploads import UploadMemory
from tumorscope.api.jobs.work_queue import WorkQueue
from tumorscope.api.lifecycle.service import Service
from tumorscope.api.settings import Settings
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.engine import Outputs
from tumorscope.model.bundle import Bundle

_KIB = 1024
_PICTURE = make_phantom_file(size=64)


@dataclass
class _GatedEngine:
    """Answers while its gate is open."""

    gate: threading.Event = field(default_factory=threading.Event)
    logit: float = 0.0
    name: str = "gated"
    device: str = "cpu"

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        assert self.gate.wait(PATIENCE_S)
        return make_outputs(np.full((len(batch), 4), self.logit, np.float32))


@dataclass(frozen=True)
class _Running:
    """A service of 1 MiB for uploads, on a port of its own."""

    address: tuple[str, int]
    client: httpx.Client
    memory: UploadMemory
    queue: WorkQueue
    engine: _GatedEngine


@pytest.fixture
def running() -> Iterator[_Running]:
    app = create_app(Settings(bundle=Path("unread"), max_part_mib=1, max_request_mib=1, max_upload_memory_mib=1))
    engine = _GatedEngine()
    engine.gate.set()
    service: Service = app.state.components.service
    service.classifier = Classifier(Bundle(make_manifest(), "", {}, {}), engine)
    # Without its lifespan the application loads no other model.
    with listen(app, lifespan="off") as address, connect(address) as client:
        try:
            yield _Running(address, client, app.state.components.memory, app.state.components.queue, engine)
        finally:
            engine.gate.set()


def _picture_of(size: int) -> bytes:
    """A picture file of so many bytes: what is behind the picture does not matter."""
    return _PICTURE + bytes(size - len(_PICTURE))


def _predict(running: _Running, data: bytes, *, form: bool) -> httpx.Response:
    return running.client.post("/predict", **({"files": {"file": data}} if form else {"content": data}))


def _check_overloaded(response: httpx.Response) -> None:
    assert (response.status_code, response.json()["code"]) == (503, "overloaded")
    assert int(response.headers["retry-after"]) >= 1


def _wait_until_released(running: _Running) -> None:
    # The client can have the whole of an answer before the service has left the request.
    wait_until(lambda: running.memory.used_bytes == 0)


@pytest.mark.parametrize("form", [True, False], ids=["form", "plain body"])
def test_upload_beyond_the_memory_for_uploads_is_overloaded_until_there_is_room(running: _Running, form: bool) -> None:
    may_end = threading.Event()

    def send_slowly() -> Iterator[bytes]:
        yield _picture_of(700 * _KIB)
        assert may_end.wait(PATIENCE_S)
        yield bytes(100)

    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(running.client.post, "/predict", content=send_slowly())
        wait_until(lambda: running.memory.used_bytes == 700 * _KIB)
        _check_overloaded(_predict(running, _picture_of(400 * _KIB), form=form))
        # What was refused holds nothing, and what fits is answered meanwhile.
        wait_until(lambda: running.memory.used_bytes == 700 * _KIB)
        assert _predict(running, _picture_of(300 * _KIB), form=form).status_code == 200
        may_end.set()
        assert slow.result().status_code == 200
    _wait_until_released(running)
    assert _predict(running, _picture_of(400 * _KIB), form=form).status_code == 200
    _wait_until_released(running)


def test_simultaneous_uploads_stay_within_the_memory_for_uploads(running: _Running) -> None:
    running.engine.gate.clear()
    with ThreadPoolExecutor(12) as threads:
        sent = [threads.submit(_predict, running, _picture_of(300 * _KIB), form=True) for _ in range(12)]
        wait_until(lambda: sum(answer.done() for answer in sent) + running.queue.depth == 12)
        # Those that wait for the model hold their bytes.
        assert running.memory.used_bytes == running.queue.depth * 300 * _KIB
        assert 1 <= running.queue.depth <= 3
        running.engine.gate.set()
        answers = [answer.result() for answer in sent]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert len(refused) >= 9
    for answer in refused:
        _check_overloaded(answer)
    _wait_until_released(running)


_FORM = "multipart/form-data; boundary=a"
_PART = b'--a\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
_REQUESTS: dict[str, tuple[bytes, dict[str, str], int]] = {
    "picture": (_PICTURE, {}, 200),
    "picture answered line by line": (_PICTURE, {"Accept": "application/x-ndjson"}, 200),
    "text": (b"Dear colleague", {}, 415),
    "cut picture": (_PICTURE[:300], {}, 422),
    "two pictures": (b"%b%b\r\n%b%b\r\n--a--" % (_PART, _PICTURE, _PART, _PICTURE), {"Content-Type": _FORM}, 400),
    "form without an end": (_PART + _PICTURE, {"Content-Type": _FORM}, 422),
    "form with bad headers": (b"%b%b\r\n--a\r\n: x\r\n\r\n" % (_PART, _PICTURE), {"Content-Type": _FORM}, 422),
    "2001 files": ((_PART + b"x\r\n") * 2001 + b"--a--", {"Content-Type": _FORM}, 413),
}


@pytest.mark.parametrize("name", _REQUESTS)
def test_upload_memory_is_released_after_any_answer(running: _Running, name: str) -> None:
    body, headers, status = _REQUESTS[name]
    assert running.client.post("/predict", content=body, headers=headers).status_code == status
    _wait_until_released(running)


def test_upload_memory_of_a_body_that_is_too_large_is_released(running: _Running) -> None:
    response = running.client.post("/predict", content=(bytes(100 * _KIB) for _ in range(11)))
    assert (response.status_code, response.json()["code"]) == (413, "upload_too_large")
    _wait_until_released(running)


@pytest.mark.parametrize("kind", ["image/png", _FORM], ids=["plain body", "form"])
def test_upload_memory_of_a_client_that_disconnects_is_released(running: _Running, kind: str) -> None:
    with socket.create_connection(running.address) as client:
        head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: 500000\r\n\r\n"
        client.sendall(head.encode() + _PART + bytes(300 * _KIB))
        wait_until(lambda: running.memory.used_bytes > 250 * _KIB)
    _wait_until_released(running)
    assert _predict(running, _picture_of(1000 * _KIB), form=True).status_code == 200


def test_answer_that_is_not_a_number_is_an_internal_error_with_a_logged_stack(
    running: _Running, caplog: pytest.LogCaptureFixture
) -> None:
    running.engine.logit = float("nan")
    with caplog.at_level(logging.ERROR, "tumorscope"):
        response = _predict(running, _PICTURE, form=True)
        # The line is written once the answer is out.
        wait_until(lambda: any(record.exc_info for record in caplog.records))
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.exc_info is not None
    assert record.exc_info[0] is not None
    assert record.exc_info[0].__name__ == "AnswerNotFinite"
    _wait_until_released(running)
