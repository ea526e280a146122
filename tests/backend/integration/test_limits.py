"""The service at its limits: slow clients, many clients, clients that disconnect, processes that are killed."""

import asyncio
import contextlib
import io
import json
import platform
import resource
import socket
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest
from pydicom.uid import JPEG2000Lossless

from tests.factories import (
    make_dicom_bytes,
    make_dicom_dataset,
    make_nifti_bytes,
    make_phantom_file,
    write_dicom,
    write_tiny_int8_bundle,
)
from tests.processes import ServedProcess, read_allocator_settings, serve
from tests.waiting import PATIENCE_S, wait_until
from tumorscope.api.settings import Settings
from tumorscope.imaging.phantom import draw_phantom

_PICTURE = make_phantom_file("JPEG")
_WINDOW_S = 2
_HEAD_S = 15
_MANY = 500
_FEW_FILES = 64
_DICOM = make_dicom_bytes(draw_phantom(1, True, 64).astype(np.uint16))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_int8_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def served(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedProcess]:
    starting = serve(
        bundle,
        tmp_path_factory.mktemp("served") / "service.log",
        min_upload_kib="1",
        upload_window_s=str(_WINDOW_S),
        max_part_mib="8",
        max_request_mib="8",
        max_upload_memory_mib="8",
    )
    with starting as served:
        served.wait_for_status("ready")
        yield served


def _head(length: int, path: str = "/predict") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode()


def _make_compressed_dicom() -> bytes:
    dataset = make_dicom_dataset(draw_phantom(1, lesion=True, size=256).astype(np.uint16))
    dataset.compress(JPEG2000Lossless)
    return write_dicom(dataset)


def _make_volume(slices: int = 12) -> bytes:
    return make_nifti_bytes(np.stack([draw_phantom(1, lesion=True, size=96)] * slices, axis=-1), compressed=True)


def _make_archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for index in range(4):
            pixels = draw_phantom(1, lesion=True, size=96).astype(np.uint16)
            archive.writestr(f"{index}.dcm", make_dicom_bytes(pixels, ImagePositionPatient=[0, 0, index]))
    return packed.getvalue()


_STUDIES = {
    "picture": _PICTURE,
    "compressed DICOM": _make_compressed_dicom(),
    "volume": _make_volume(),
    "archive": _make_archive(),
}


def _check_answers(served: ServedProcess, data: bytes = _PICTURE) -> None:
    answer = served.client.post("/predict", content=data)
    assert answer.status_code == 200, answer.text
    assert answer.json()["probabilities"]


def _is_answered(served: ServedProcess, data: bytes) -> bool:
    """Whether it is; else it is rejected under load."""
    answer = served.client.post("/predict", content=data)
    assert answer.status_code == 200 or answer.json()["code"] == "overloaded", answer.text
    return answer.status_code == 200


def _check_idle(served: ServedProcess) -> None:
    """In the end nothing waits, and nothing is held of uploads: one that takes all the memory for them is answered."""
    whole = _PICTURE + bytes(8 * 2**20 - len(_PICTURE))
    wait_until(
        lambda: (
            served.client.post("/predict", content=whole).status_code == 200
            and served.client.get("/health").json()["queue_depth"] == 0
        )
    )


_PART = b'--a\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'


@pytest.mark.parametrize(
    ("kind", "begin"),
    [("image/jpeg", b""), ("multipart/form-data; boundary=a", _PART)],
    ids=["plain body", "form"],
)
def test_slow_upload_is_refused_while_others_are_served(served: ServedProcess, kind: str, begin: bytes) -> None:
    with socket.create_connection(served.address, timeout=PATIENCE_S) as slow:
        slow.sendall(
            _head(100_000).replace(b"Host: localhost", f"Host: localhost\r\nContent-Type: {kind}".encode()) + begin
        )
        slow.settimeout(0.2)
        answer = b""
        while not answer:
            slow.sendall(b"x")
            with contextlib.suppress(TimeoutError):
                answer = slow.recv(1)
            _check_answers(served)
        slow.settimeout(PATIENCE_S)
        while more := slow.recv(2**16):
            answer += more
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert b"application/problem+json" in head
        assert b"connection: close" in head.lower()
        assert json.loads(body)["code"] == "upload_too_slow"
    _check_idle(served)


def test_slow_but_steady_upload_is_answered(served: ServedProcess) -> None:
    def send() -> Iterator[bytes]:
        yield _PICTURE
        # For longer than the window, twenty times as fast as is asked for.
        for _ in range(2 * _WINDOW_S):
            time.sleep(0.5)
            yield bytes(10 * 1024)

    assert served.client.post("/predict", content=send()).status_code == 200


def test_slow_headers_time_out_while_others_are_served(served: ServedProcess) -> None:
    with (
        socket.create_connection(served.address, timeout=PATIENCE_S) as slow,
        socket.create_connection(served.address, timeout=PATIENCE_S) as silent,
    ):
        slow.sendall(b"POST /predict HTTP/1.1\r\nX-Patient: ")
        started = time.monotonic()
        # Closed is: the first byte behind the end is answered by a reset, the second fails.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while True:
                slow.sendall(b"x")
                _check_answers(served)
                time.sleep(0.5)
        assert time.monotonic() - started > _HEAD_S / 2
        assert silent.recv(1) == b""


def test_500_idle_connections_delay_no_prediction(served: ServedProcess) -> None:
    idle = [socket.create_connection(served.address, timeout=PATIENCE_S) for _ in range(_MANY)]
    try:
        for connection in idle:
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for connection in idle:
            assert connection.recv(2**16).startswith(b"HTTP/1.1 200 ")
        for data in _STUDIES.values():
            _check_answers(served, data)
    finally:
        for connection in idle:
            connection.close()


def test_200_clients_that_ask_and_read_nothing_starve_nobody(served: ServedProcess) -> None:
    asked = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            deaf = stack.enter_context(socket.socket())
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(served.address)
            deaf.sendall(asked)
        _check_answers(served)
        # What they ask for is held back.
        assert served.resident_mib < 1024
    _check_idle(served)


async def _predict(address: tuple[str, int], data: bytes) -> tuple[bytes, bytes]:
    """Head and body of an answer."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(_head(len(data)).replace(b"Host: localhost", b"Host: localhost\r\nConnection: close") + data)
    answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


def test_500_simultaneous_predictions_are_answered_or_refused_as_overloaded(served: ServedProcess) -> None:
    async def predict_all() -> list[tuple[bytes, bytes]]:
        return await asyncio.gather(*(_predict(served.address, _PICTURE) for _ in range(_MANY)))

    answers = asyncio.run(predict_all())
    refused = [(head, body) for head, body in answers if not head.startswith(b"HTTP/1.1 200 ")]
    assert len(refused) < _MANY
    for head, body in refused:
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: " in head.lower()
        assert json.loads(body)["code"] == "overloaded"
    _check_idle(served)


@pytest.mark.parametrize("study", ["picture", "volume"])
def test_clients_that_disconnect_leave_nothing_behind(served: ServedProcess, study: str) -> None:
    data = _STUDIES[study] + bytes(200_000)
    for share in (0.0, 0.5, 0.99, 1.0):
        for _ in range(8):
            with socket.create_connection(served.address, timeout=PATIENCE_S) as leaving:
                leaving.sendall(_head(len(data)) + data[: int(len(data) * share)])
    _check_idle(served)


def test_client_that_disconnects_during_a_stream_leaves_nothing_behind(served: ServedProcess) -> None:
    data = _make_volume(120)
    with socket.create_connection(served.address, timeout=PATIENCE_S) as leaving:
        leaving.sendall(
            _head(len(data)).replace(b"Host: localhost", b"Host: localhost\r\nAccept: application/x-ndjson") + data
        )
        assert b"progress" in leaving.recv(2**16) + leaving.recv(2**16)
    _check_idle(served)


def _find_decoder(served: ServedProcess) -> psutil.Process:
    (decoder,) = [one for one in served.process.children(recursive=True) if not one.children()]
    return decoder


def _kill(process: psutil.Process) -> None:
    """Returns when it is dead."""
    process.kill()
    threads = Path(f"/proc/{process.pid}/task")
    # The first of its threads is dead before the others are, and it can be waited for when all are. Where the service
    # has waited for it between two of these questions, the second one finds nobody.
    with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        while process.is_running() and (process.status() != psutil.STATUS_ZOMBIE or len(list(threads.iterdir())) > 1):
            time.sleep(0.005)


def test_decoder_process_that_was_killed_is_replaced(served: ServedProcess) -> None:
    data = _STUDIES["compressed DICOM"]
    _check_answers(served, data)
    killed = _find_decoder(served)
    _kill(killed)
    _check_answers(served, data)
    assert _find_decoder(served).pid != killed.pid


def test_decoder_process_that_is_killed_while_decoding_fails_that_request_only(served: ServedProcess) -> None:
    pixels = np.stack([draw_phantom(1, lesion=True, size=512).astype(np.uint16)] * 4)
    series = io.BytesIO()
    with zipfile.ZipFile(series, "w") as archive:
        for index, one in enumerate(pixels):
            dataset = make_dicom_dataset(one, ImagePositionPatient=[0, 0, index])
            dataset.compress(JPEG2000Lossless)
            archive.writestr(f"{index}.dcm", write_dicom(dataset))
    data = series.getvalue()
    statuses: list[int] = []
    while len(statuses) < 20 and 503 not in statuses:
        _check_answers(served, data)
        decoder = _find_decoder(served)
        # It stands still, and is killed before or after it is given the request: before, another one decodes.
        decoder.suspend()
        with served.connect() as client, ThreadPoolExecutor(1) as threads:
            answer = threads.submit(client.post, "/predict", content=data)
            wait_until(lambda: served.client.get("/health").json()["queue_depth"] == 1)
            _kill(decoder)
        statuses.append(answer.result().status_code)
    assert set(statuses) <= {200, 503}
    assert statuses[-1] == 503
    assert answer.result().json()["code"] == "overloaded"
    assert answer.result().headers["retry-after"]
    _check_answers(served, data)


@pytest.mark.parametrize("limit", ["nothing can be written", "the log is full"])
def test_full_disk_prevents_no_answer(tmp_path: Path, limit: str) -> None:
    def write_nothing() -> None:
        # Every file, of whatever place, is full at its first byte.
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    starting = (
        serve(Settings().bundle, tmp_path / "service.log", limit=write_nothing)
        if limit == "nothing can be written"
        else serve(Settings().bundle, Path("/dev/full"))
    )
    with starting as served:
        served.wait_for_status("ready")
        for data in _STUDIES.values():
            _check_answers(served, data)
        assert served.client.post("/predict", content=b"no scan").json()["code"] == "unsupported_format"
        assert served.client.get("/metrics").status_code == 200
        assert served.client.get("/health/ready").status_code == 200


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="these variables are glibc's")
def test_memory_of_volumes_is_released_with_the_allocator_settings_of_the_image(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in read_allocator_settings().items():
        monkeypatch.setenv(name, value)
    volume = make_nifti_bytes(np.stack([draw_phantom(1, lesion=True, size=240)] * 155, axis=-1), compressed=True)
    with serve(bundle, tmp_path / "service.log") as served:
        served.wait_for_status("ready")
        _check_answers(served)
        idle = served.process.memory_info().rss
        with ThreadPoolExecutor(3) as threads:
            # A slow machine rejects some at first.
            list(threads.map(lambda _: wait_until(lambda: _is_answered(served, volume)), range(6)))
        # Of what three volumes hold while they are read, tenths of a gigabyte.
        assert served.process.memory_info().rss - idle < 50 * 2**20


def test_service_with_few_open_files_says_so_and_answers_again_when_they_are_free(tmp_path: Path) -> None:
    def allow_few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (_FEW_FILES, _FEW_FILES))

    with serve(Settings().bundle, tmp_path / "service.log", limit=allow_few) as served:
        served.wait_for_status("ready")
        events = [json.loads(line) for line in served.log.read_text().splitlines() if line.startswith("{")]
        assert [event["limit"] for event in events if event["event"] == "few_open_files"] == [_FEW_FILES]
        assert served.client.post("/predict", content=_DICOM).status_code == 200
        with contextlib.ExitStack() as stack:
            for _ in range(2 * _FEW_FILES):
                stack.enter_context(socket.create_connection(served.address, timeout=PATIENCE_S))
        served.wait_for_status("ready")
        with served.connect() as client:
            assert client.post("/predict", content=_DICOM).status_code == 200
