"""Connections with slow or large request headers, or unread answers, are closed, all others stay open."""

import contextlib
import json
import resource
import socket
import time
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send

from tests.serving import listen
from tests.waiting import PATIENCE_S, wait_until
from tumorscope.api.http.connections import HeaderLimitsProtocol, raise_file_limit

# Far more than any machine takes from connecting to sending.
_HEAD_S = 2
# More than kernels keep for both ends.
_LONG = 32 * 2**20
_REQUEST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n"


class _Impatient(HeaderLimitsProtocol):
    header_timeout_s = _HEAD_S
    write_timeout_s = _HEAD_S


async def _echo(_scope: Scope, receive: Receive, send: Send) -> None:
    """Answers once the whole body is there, or at once where it begins with a bang; "long" with megabytes."""
    body, more = b"", True
    while more and not body.startswith(b"!"):
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    if body == b"long":
        body = bytes(_LONG)
    length = str(len(body)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    with listen(_echo, http=_Impatient, lifespan="off") as address:
        yield address


@pytest.fixture
def client(address: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.create_connection(address, timeout=PATIENCE_S) as client:
        yield client


def _read_answer(client: socket.socket, body: bytes) -> None:
    answer = b""
    while not answer.endswith(b"\r\n\r\n" + body):
        chunk = client.recv(2**16)
        assert chunk, answer
        answer += chunk
    assert answer.startswith(b"HTTP/1.1 200 ")


def _check_closed(client: socket.socket) -> None:
    with contextlib.suppress(ConnectionResetError):
        assert client.recv(1) == b""


def test_silent_client_is_disconnected(client: socket.socket) -> None:
    _check_closed(client)


def test_incomplete_headers_time_out(client: socket.socket, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "tumorscope"):
        client.sendall(_REQUEST[:-2])
        _check_closed(client)
    assert [record.message for record in caplog.records] == ["connection_closed"]


def test_incomplete_headers_of_a_second_request_time_out(client: socket.socket) -> None:
    client.sendall(_REQUEST + b"body")
    _read_answer(client, b"body")
    client.sendall(_REQUEST[:-2])
    _check_closed(client)


def test_body_that_continues_after_its_answer_times_out(client: socket.socket) -> None:
    client.sendall(_REQUEST + b"!")
    _read_answer(client, b"!")
    client.sendall(b"b")
    _check_closed(client)


def test_header_timeout_does_not_apply_to_a_slow_body(client: socket.socket) -> None:
    client.sendall(_REQUEST)
    for piece in (b"bo", b"dy"):
        time.sleep(_HEAD_S * 0.6)
        client.sendall(piece)
    _read_answer(client, b"body")


_CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
_ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "address": (b"GET /", b"a"),
    "name of a header": (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"a"),
    "header": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ", b"a"),
    "headers": (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"X-A: a\r\n"),
    "trailers": (_CHUNKED + b"4\r\nbody\r\n0\r\n", b"X-A: a\r\n"),
    "extension of a chunk": (_CHUNKED + b"4;", b"a"),
}


@pytest.mark.parametrize("name", _ENDLESS)
def test_headers_beyond_64_kib_are_refused(client: socket.socket, caplog: pytest.LogCaptureFixture, name: str) -> None:
    begin, more = _ENDLESS[name]
    client.sendall(begin)
    sent = 0
    caplog.set_level("INFO", "tumorscope")
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        # What lies in the kernel's buffers counts as sent.
        while sent < 64 * 2**20:
            sent += client.send(more * 1024)
        assert client.recv(2**16).startswith(b"HTTP/1.1 400 ")
    assert sent < 16 * 2**20
    # The client may see the end of the connection before it is logged.
    wait_until(lambda: any("KiB" in str(record.__dict__) for record in caplog.records))
    assert [record.message for record in caplog.records if "KiB" in str(record.__dict__)] == ["connection_closed"]


@pytest.mark.parametrize("begin", [_REQUEST[:-2], _CHUNKED + b"4\r\nbody\r\n0\r\n"], ids=["headers", "trailers"])
def test_headers_that_arrive_together_are_called_too_large(
    client: socket.socket, caplog: pytest.LogCaptureFixture, begin: bytes
) -> None:
    caplog.set_level("INFO", "tumorscope")
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        client.sendall(begin + b"X-A: a\r\n" * 30_000)
    wait_until(lambda: any(record.message == "connection_closed" for record in caplog.records))
    assert "KiB" in str([record.__dict__ for record in caplog.records if record.message == "connection_closed"])


@pytest.mark.parametrize(
    "request_",
    [b"no HTTP\r\n\r\n", _REQUEST[:-2] + b"X-A: " + b"a" * 66_000 + b"\r\n\r\nbody"],
    ids=["line", "headers"],
)
def test_what_cannot_be_parsed_is_answered_as_a_problem(client: socket.socket, request_: bytes) -> None:
    client.sendall(request_)
    answer = b""
    while chunk := client.recv(2**16):
        answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    problem = json.loads(body)
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\n")
    assert (problem["status"], problem["code"]) == (400, "invalid_request")
    assert f"x-request-id: {problem['request_id']}".encode() in head


def test_large_headers_and_a_body_of_many_small_chunks_are_accepted(client: socket.socket) -> None:
    client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 60_000 + b"\r\nContent-Length: 0\r\n\r\n")
    _read_answer(client, b"")
    client.sendall(_CHUNKED + b"1\r\nb\r\n" * 50_000 + b"0\r\n\r\n")
    _read_answer(client, b"b" * 50_000)


def test_connection_may_be_reused_beyond_the_header_timeout(client: socket.socket) -> None:
    for _ in range(4):
        client.sendall(_REQUEST + b"body")
        _read_answer(client, b"body")
        time.sleep(_HEAD_S * 0.4)


@pytest.mark.parametrize(
    "request_",
    [
        _REQUEST + b"long",
        _REQUEST.replace(b"Host", b"Connection: close\r\nHost") + b"long",
        (_REQUEST.replace(b"Length: 4", b"Length: 40000") + bytes(40_000)) * 200,
    ],
    ids=["long answer", "last answer", "many short ones"],
)
def test_client_that_does_not_read_its_answer_is_disconnected(
    client: socket.socket, caplog: pytest.LogCaptureFixture, request_: bytes
) -> None:
    caplog.set_level("INFO", "tumorscope")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(_HEAD_S / 4)
    with contextlib.suppress(TimeoutError, ConnectionError):
        client.sendall(request_)
    wait_until(lambda: any("answer not read" in str(record.__dict__) for record in caplog.records))
    # Nothing of the answer waits for it in the service's kernel.
    with pytest.raises(ConnectionResetError):
        _read_to_end(client)


def _read_to_end(client: socket.socket) -> None:
    while client.recv(2**20):
        pass


def test_client_that_reads_slowly_gets_its_whole_answer(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**20)
    client.sendall(_REQUEST + b"long")
    received = 0
    while received < _LONG:
        time.sleep(_HEAD_S / 8)
        received += len(client.recv(2 * 2**20, socket.MSG_WAITALL))


def test_limit_of_open_files_is_raised_as_far_as_the_system_allows() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
    try:
        raise_file_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (min(hard, 65_536), hard)
        # One that is higher already stays.
        raise_file_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(hard, 65_536)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
