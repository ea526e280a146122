"""Requests in turns over one connection, and from many connections at once."""

import http.client
import selectors
import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from tests.bench.servers import Server, ask

_WARM_UP = 15
_ROUNDS = 120
_CONNECTIONS = 16
_CHUNK = 1 << 16
# Pause after an answer that is not 200: retrying at once would load the machine with rejected requests.
_PAUSE_S = 1.0
_SAMPLING_S = 0.2


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent."""

    path: str
    body: bytes
    content_type: str


def time_in_turns(calls: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Milliseconds of each call, one after another in every round: whatever else the machine does hits all alike."""
    timings: dict[str, list[float]] = {name: [] for name in calls}
    for turn in track(range(_WARM_UP + _ROUNDS), "one connection", console=Console(stderr=True)):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            if turn >= _WARM_UP:
                timings[name].append((time.perf_counter() - started) * 1000)
    return timings


def describe_latency(values: list[float]) -> dict[str, float]:
    """Median and tail, in ms."""
    p50, p95, p99 = np.percentile(values, [50, 95, 99]) if values else (np.nan,) * 3
    return {"p50_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2), "p99_ms": round(float(p99), 2)}


def load(server: Server, request: Request, seconds: float = 10.0) -> dict[str, Any]:
    """Sixteen connections, each with its next request as soon as it has its answer.

    One thread sends what was put together before and looks at no more of an answer than where it ends, so that the
    cores are the server's: a client library takes a millisecond of them for every request.
    """
    message = compose(request)
    # Until it has answered one, a service does not know how long they take, and takes in too many.
    with closing(server.connect()) as alone:
        ask(alone, request.path, request.body, request.content_type)
    counts = _Counts()
    peak, sampled = 0.0, 0.0
    with selectors.DefaultSelector() as selector:
        # The first answers wait for one another's start.
        counts.since = time.perf_counter() + 1
        connections = [_Connection(server.port, message) for _ in range(_CONNECTIONS)]
        for connection in connections:
            connection.begin(selector)
        worked = server.cpu_s()
        while (now := time.perf_counter()) < counts.since + seconds:
            if now - sampled > _SAMPLING_S:
                peak, sampled = max(peak, server.resident_mib()), now
            for connection in connections:
                if 0 < connection.rests_until <= now:
                    connection.begin(selector)
            for key, _ in selector.select(_SAMPLING_S):
                _advance(key.data, selector, counts)
        worked = server.cpu_s() - worked
        for connection in connections:
            connection.socket.close()
    return {
        **describe_latency(counts.timings),
        "per_second": round(len(counts.timings) / seconds, 1),
        # Also of those that came before the count began.
        "cpu_ms": round(1000 * worked / max(1, counts.answered), 1),
        "failed": counts.failed,
        "memory_mib": round(peak),
    }


@dataclass(slots=True)
class _Counts:
    since: float = 0.0
    answered: int = 0
    timings: list[float] = field(default_factory=list)
    failed: int = 0


def _advance(connection: "_Connection", selector: selectors.BaseSelector, counts: _Counts) -> None:
    status = connection.exchange(selector)
    if status == http.client.OK:
        counts.answered += 1
        if connection.began > counts.since:
            counts.timings.append((time.perf_counter() - connection.began) * 1000)
        connection.begin(selector)
    elif status is not None:
        counts.failed += 1
        connection.rest(selector)


def measure_throughput(call: Callable[[], object], callers: int, seconds: float = 5.0) -> dict[str, float]:
    """Calls a second of so many threads, and the milliseconds that cores work for each."""
    worked = time.process_time()
    with ThreadPoolExecutor(callers) as threads:
        over = time.perf_counter() + seconds

        def repeat() -> int:
            calls = 0
            while time.perf_counter() < over:
                call()
                calls += 1
            return calls

        calls = sum(one.result() for one in [threads.submit(repeat) for _ in range(callers)])
    return {
        "per_second": round(calls / seconds, 1),
        "cpu_ms": round(1000 * (time.process_time() - worked) / calls, 1),
    }


def compose(request: Request) -> bytes:
    """All bytes of it, for a connection that is kept open."""
    head = (
        f"POST {request.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {request.content_type}\r\n"
        f"Content-Length: {len(request.body)}\r\n\r\n"
    )
    return head.encode() + request.body


class _Connection:
    """One request after another, without waiting for the network."""

    def __init__(self, port: int, message: bytes) -> None:
        self.began, self.rests_until = 0.0, 0.0
        self._port, self._message = port, message
        self._sent = 0
        self._received = bytearray()
        self._is_last = False
        self.socket = self._connect()

    def _connect(self) -> socket.socket:
        connected = socket.create_connection(("127.0.0.1", self._port))
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setblocking(False)
        return connected

    def begin(self, selector: selectors.BaseSelector) -> None:
        """The next request; over a new connection where the server closes one with each answer, as Flask's does."""
        if self._is_last:
            self._connect_anew(selector)
        self.began, self.rests_until, self._sent = time.perf_counter(), 0.0, 0
        self._received.clear()
        self._want(selector, selectors.EVENT_WRITE)

    def rest(self, selector: selectors.BaseSelector) -> None:
        """Ask nothing for a while, and then over a new connection."""
        self._connect_anew(selector)
        self.rests_until = time.perf_counter() + _PAUSE_S

    def _connect_anew(self, selector: selectors.BaseSelector) -> None:
        selector.unregister(self.socket)
        self.socket.close()
        self.socket, self._is_last = self._connect(), False

    def exchange(self, selector: selectors.BaseSelector) -> int | None:
        """Send or receive what can be; the status of an answer that is whole, 0 of one that will never be."""
        try:
            if self._sent < len(self._message):
                self._sent += self.socket.send(memoryview(self._message)[self._sent :])
                if self._sent == len(self._message):
                    self._want(selector, selectors.EVENT_READ)
                return None
            received = self.socket.recv(_CHUNK)
        except OSError:
            return 0
        self._received += received
        if not received:
            return 0
        status = find_status(self._received)
        if status is not None:
            head = bytes(self._received).partition(b"\r\n\r\n")[0]
            self._is_last = head.startswith(b"HTTP/1.0") or _read_fields(head).get(b"connection") == b"close"
        return status

    def _want(self, selector: selectors.BaseSelector, event: int) -> None:
        change = selector.modify if self.socket in selector.get_map() else selector.register
        change(self.socket, event, self)


def find_status(received: bytes | bytearray) -> int | None:
    """The status of an answer that is whole."""
    head, end, body = bytes(received).partition(b"\r\n\r\n")
    if not end:
        return None
    fields = _read_fields(head)
    if b"content-length" in fields:
        is_whole = len(body) >= int(fields[b"content-length"])
    else:
        is_whole = body.endswith(b"0\r\n\r\n")
    return int(head.split(b" ", 2)[1]) if is_whole else None


def _read_fields(head: bytes) -> dict[bytes, bytes]:
    return dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
