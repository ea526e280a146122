"""SIGTERM to a real process: it drains, closes its port, finishes in-flight requests and ends with status 0."""

import json
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.factories import make_nifti_bytes, make_phantom_file, write_tiny_int8_bundle
from tests.processes import ServedProcess, serve
from tests.waiting import PATIENCE_S, wait_until
from tumorscope.imaging.phantom import draw_phantom

_FILE = make_phantom_file()
# The longest drain there is, and what is far less.
_LONG_DRAIN_S = 300
_FAR_LESS_S = 180


@pytest.fixture(scope="module")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_int8_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def long_volume() -> bytes:
    """Takes much longer than it takes to close a port."""
    return make_nifti_bytes(np.repeat(draw_phantom(1, True, 256)[:, :, None], 200, axis=2).astype(np.uint8))


@pytest.fixture
def served(tiny_bundle: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ServedProcess]:
    with serve(tiny_bundle, tmp_path / "service.log", drain_s=str(getattr(request, "param", 1))) as process:
        process.wait_for_status("ready")
        yield process


def _wait_until_refused(served: ServedProcess) -> None:
    def is_refused() -> bool:
        try:
            socket.create_connection(served.address, timeout=PATIENCE_S).close()
        except ConnectionRefusedError:
            return True
        return False

    wait_until(is_refused)


@pytest.mark.parametrize("served", [0], indirect=True)
def test_long_volume_in_flight_is_answered_after_the_port_is_closed(served: ServedProcess, long_volume: bytes) -> None:
    with ThreadPoolExecutor(1) as executor, served.connect() as client, served.connect() as other:
        answering = executor.submit(client.post, "/predict", content=long_volume)
        wait_until(lambda: other.get("/health").json()["queue_depth"] > 0)
        served.popen.send_signal(signal.SIGTERM)
        _wait_until_refused(served)
        assert not answering.done()
        answer = answering.result()
    assert (answer.status_code, answer.json()["input"]["slice_count"]) == (200, 200)
    assert served.popen.wait(PATIENCE_S) == 0


def test_stream_in_flight_ends_with_its_result(served: ServedProcess, long_volume: bytes) -> None:
    headers = {"Accept": "application/x-ndjson"}
    with served.connect() as client, client.stream("POST", "/predict", content=long_volume, headers=headers) as answer:
        lines = answer.iter_lines()
        assert json.loads(next(lines))["event"] == "progress"
        served.popen.send_signal(signal.SIGTERM)
        last = json.loads(list(lines)[-1])
    assert (last["event"], last["input"]["slice_count"]) == ("result", 200)
    assert served.popen.wait(PATIENCE_S) == 0


@pytest.mark.parametrize("served", [_LONG_DRAIN_S], indirect=True)
def test_draining_service_is_not_ready_but_still_answers(served: ServedProcess) -> None:
    with served.connect() as client:
        assert client.get("/health/ready").status_code == 200
        served.popen.send_signal(signal.SIGTERM)
        served.wait_for_status("draining")
        ready = client.get("/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "draining")
        assert client.get("/health/live").status_code == 200
        answer = client.post("/predict", files={"file": _FILE})
        assert answer.status_code == 200
        assert answer.headers["connection"] == "close"
    # The second signal does not wait.
    served.popen.send_signal(signal.SIGTERM)
    assert served.popen.wait(_FAR_LESS_S) == 0


def test_requests_of_a_steady_load_are_answered_until_the_port_closes(tiny_bundle: Path, tmp_path: Path) -> None:
    answers: list[tuple[int, bool]] = []

    def send_until_closed(served: ServedProcess) -> None:
        with served.connect() as client:
            while True:
                try:
                    answer = client.post("/predict", files={"file": _FILE})
                except httpx.TransportError:
                    # A proxy sends this one to another backend.
                    return
                answers.append((answer.status_code, answer.headers.get("connection") == "close"))

    with serve(tiny_bundle, tmp_path / "service.log", drain_s="2") as served, ThreadPoolExecutor(4) as executor:
        served.wait_for_status("ready")
        sending = [executor.submit(send_until_closed, served) for _ in range(4)]
        wait_until(lambda: len(answers) >= 20)
        served.popen.send_signal(signal.SIGTERM)
        for one in sending:
            one.result()
        _wait_until_refused(served)
        assert served.popen.wait(PATIENCE_S) == 0
    # As many as 20 before the signal, and every one of those that follow until the port is closed.
    assert set(answers) == {(200, False), (200, True)}


def test_interrupt_from_the_keyboard_skips_draining(tiny_bundle: Path, tmp_path: Path) -> None:
    with serve(tiny_bundle, tmp_path / "service.log", drain_s=str(_LONG_DRAIN_S)) as process:
        process.wait_for_status("ready")
        process.popen.send_signal(signal.SIGINT)
        assert process.popen.wait(_FAR_LESS_S) == 0


def test_signal_while_the_model_loads_ends_the_process_with_status_0(tiny_bundle: Path, tmp_path: Path) -> None:
    # TensorFlow takes seconds to load, and so the moment is not missed.
    with serve(tiny_bundle, tmp_path / "service.log", drain_s="0", engine="tensorflow") as process:
        process.wait_for_status("starting")
        process.popen.send_signal(signal.SIGTERM)
        assert process.popen.wait(PATIENCE_S) == 0
