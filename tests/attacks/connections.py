"""Attacks on connections: requests that two servers read differently, and clients that stay, trickle or never read."""

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from urllib.parse import SplitResult

_HEAD = "Host: {host}\r\n"
_SMUGGLED = "GET {path}/health/live HTTP/1.1\r\nHost: {host}\r\n\r\n"
_POST = "POST {path}/predict HTTP/1.1\r\n" + _HEAD
_MALFORMED = ("400", "closed")

MALFORMED: dict[str, tuple[str, tuple[str, ...]]] = {
    "length and chunks": (
        _POST + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + _SMUGGLED,
        _MALFORMED,
    ),
    "two lengths": (_POST + "Content-Length: 0\r\nContent-Length: 60\r\n\r\n" + _SMUGGLED, _MALFORMED),
    "length with a sign": (_POST + "Content-Length: +0\r\n\r\n" + _SMUGGLED, _MALFORMED),
    "negative length": (_POST + "Content-Length: -1\r\n\r\n" + _SMUGGLED, _MALFORMED),
    "unknown coding": (_POST + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + _SMUGGLED, (*_MALFORMED, "501")),
    "space before a colon": (_POST + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + _SMUGGLED, _MALFORMED),
    "chunk of 2⁶⁸ bytes": (_POST + "Transfer-Encoding: chunked\r\n\r\n100000000000000000\r\n" + _SMUGGLED, _MALFORMED),
    "chunk of no number": (_POST + "Transfer-Encoding: chunked\r\n\r\n0x5\r\n" + _SMUGGLED, _MALFORMED),
    "head of a megabyte": (_POST + "X-A: " + "a" * 2**20 + "\r\n\r\n", (*_MALFORMED, "414", "431")),
    "head of 50,000 fields": (_POST + "a: b\r\n" * 50_000 + "\r\n", (*_MALFORMED, "414", "431")),
    "path of a megabyte": ("GET {path}/" + "a" * 2**20 + " HTTP/1.1\r\n" + _HEAD + "\r\n", (*_MALFORMED, "414", "431")),
    "method that echoes": ("TRACE {path}/health HTTP/1.1\r\nConnection: close\r\n" + _HEAD + "\r\n", ("405",)),
    "HTTP/2 without its start": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (*_MALFORMED, "505")),
    "head of TLS": ("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n", _MALFORMED),
}
"""What is sent, and which answers are right: one alone, after which nothing that follows is taken for a request."""


@dataclass(frozen=True)
class Crowd:
    """Connections that are opened and kept.

    Parameters
    ----------
    count : int
        Of them.
    first : str
        Sent at once.
    drip : bytes
        Sent every second.
    """

    count: int
    first: str = ""
    drip: bytes = b""


CROWDS = {
    "300 idle": Crowd(300),
    "slow heads": Crowd(40, "GET {path}/health HTTP/1.1\r\nX-A: ", b"a"),
    "slow bodies": Crowd(20, _POST + "Content-Length: 2000000\r\nContent-Type: image/png\r\n\r\n", b"a"),
    "clients that do not read": Crowd(20, ("GET {path}/openapi.json HTTP/1.1\r\n" + _HEAD + "\r\n") * 200),
}
"""Each must be closed by the service."""


@dataclass(frozen=True)
class Target:
    """Where to connect, the path of the service there, and headers of each request."""

    address: tuple[str, int]
    path: str
    headers: Mapping[str, str]

    @classmethod
    def of(cls, url: SplitResult, headers: Mapping[str, str]) -> "Target":
        """That of an address of the service."""
        return cls((url.hostname or "", url.port or 80), url.path.rstrip("/"), headers)

    def write(self, request: str) -> bytes:
        """A request to it."""
        host = "".join(["localhost", *(f"\r\n{name}: {value}" for name, value in self.headers.items())])
        return request.replace("{path}", self.path).replace("{host}", host).encode("latin-1")

    def connect(self, timeout_s: float) -> socket.socket:
        """A connection to it."""
        return socket.create_connection(self.address, timeout=timeout_s)


def send_malformed(target: Target, name: str, within_s: float = 30.0) -> str:
    """The status of the only answer; ``closed`` without one, ``2 answers`` where more was taken for requests."""
    answer = b""
    with target.connect(within_s) as connection, suppress(ConnectionResetError, BrokenPipeError):
        connection.sendall(target.write(MALFORMED[name][0]))
        try:
            while more := connection.recv(2**16):
                answer += more
        except TimeoutError:
            return "not closed"
    count = answer.count(b"HTTP/1.1 ")
    return f"{count} answers" if count > 1 else answer[9:12].decode() or "closed"


@contextmanager
def keep_open(target: Target, patience_s: float = 100.0) -> Iterator[dict[str, str]]:
    """All of `CROWDS`, at once; at the end, of each that still has open connections, what they are.

    Parameters
    ----------
    target : Target
        Attacked.
    patience_s : float
        How old connections become, at least, before they are looked at; those that are open then have as long again.
    """
    left: dict[str, str] = {}
    ended = threading.Event()
    with ExitStack() as stack:
        kept = {name: [_open(target, crowd, stack) for _ in range(crowd.count)] for name, crowd in CROWDS.items()}
        opened = time.monotonic()

        def drip() -> None:
            while not ended.wait(1.0):
                for name, crowd in CROWDS.items():
                    for connection in kept[name] if crowd.drip else ():
                        with suppress(OSError):
                            connection.send(crowd.drip)

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield left
            time.sleep(max(0.0, opened + patience_s - time.monotonic()))
            # On a busy machine it takes a while until answers fill what a client does not read, from which time counts.
            while time.monotonic() < opened + 2 * patience_s and any(map(_is_open, chain(*kept.values()))):
                time.sleep(1.0)
        finally:
            ended.set()
            thread.join()
        for name, connections in kept.items():
            count = sum(map(_is_open, connections))
            if count:
                left[name] = f"{count} of {len(connections)} are still open after {time.monotonic() - opened:.0f} s"


def _open(target: Target, crowd: Crowd, stack: ExitStack) -> socket.socket:
    connection = stack.enter_context(socket.socket())
    # So little that answers soon fill it.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(10)
    connection.connect(target.address)
    connection.setblocking(False)
    with suppress(BlockingIOError):
        connection.send(target.write(crowd.first))
    return connection


def _is_open(connection: socket.socket) -> bool:
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _ESTABLISHED


_ESTABLISHED = 1
