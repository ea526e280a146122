"""Sample a running service's memory and queue, second by second."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.servers import Server

_EVERY_S = 1.0
_REQUEST = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
_GAUGE = re.compile(rb"^tumorscope_(queue_depth|upload_memory_bytes)(?:\{.*\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sample:
    """At one moment.

    Parameters
    ----------
    at_s : float
        On the event loop's clock.
    resident_mib : float
        Of the service's processes.
    queue_depth : float
        Requests that wait or are answered.
    upload_mib : float
        Held by their files.
    metrics_s : float
        How long the service took to say so.
    """

    at_s: float
    resident_mib: float
    queue_depth: float
    upload_mib: float
    metrics_s: float


async def watch(server: Server, note: Callable[[Sample], None]) -> None:
    """Until it is cancelled."""
    while True:
        note(await take_sample(server))
        await asyncio.sleep(_EVERY_S)


async def take_sample(server: Server) -> Sample:
    """Now."""
    clock = asyncio.get_running_loop().time
    started = clock()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(_REQUEST)
    answer = await reader.read()
    writer.close()
    took_s = clock() - started
    # One line for each lane of the queue.
    depth, held = (
        sum(float(value) for found, value in _GAUGE.findall(answer) if found == name)
        for name in (b"queue_depth", b"upload_memory_bytes")
    )
    return Sample(started, server.resident_mib(), depth, held / 2**20, took_s)


async def wait_until_idle(server: Server, patience_s: float) -> Sample:
    """The first sample with nothing in it, or the last that there was time for."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + patience_s
    while True:
        sample = await take_sample(server)
        if (sample.queue_depth == 0 and sample.upload_mib == 0) or clock() > deadline:
            return sample
        await asyncio.sleep(0.2)
