"""Requests in turns over one connection, and from many connections at once."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from tests.bench.servers import Server, ask

_WARM_UP = 15
_ROUNDS = 120
_CONNECTIONS = 16
_LOAD_S = 10.0


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
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    return {"p50_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2), "p99_ms": round(float(p99), 2)}


def load(server: Server, request: Request) -> dict[str, Any]:
    """Sixteen connections, each with its next request as soon as it has its answer."""
    watched = _Watched()
    threads = [threading.Thread(target=_ask_on, args=(server, request, watched)) for _ in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    # The first answers wait for one another's start.
    time.sleep(1)
    watched.counting.set()
    peak, started = 0.0, time.monotonic()
    while time.monotonic() - started < _LOAD_S:
        peak = max(peak, server.resident_mib())
        time.sleep(0.2)
    watched.over.set()
    elapsed = time.monotonic() - started
    for thread in threads:
        thread.join()
    return {
        **describe_latency(watched.timings),
        "per_second": round(len(watched.timings) / elapsed, 1),
        "failed": watched.failed,
        "memory_mib": round(peak),
    }


@dataclass(slots=True)
class _Watched:
    counting: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    timings: list[float] = field(default_factory=list)
    failed: int = 0


def _ask_on(server: Server, request: Request, watched: _Watched) -> None:
    connection = server.connect()
    while not watched.over.is_set():
        started = time.perf_counter()
        try:
            ask(connection, request.path, request.body, request.content_type)
        except (RuntimeError, OSError):
            watched.failed += 1
            connection.close()
            connection = server.connect()
            continue
        if watched.counting.is_set() and not watched.over.is_set():
            watched.timings.append((time.perf_counter() - started) * 1000)
    connection.close()
