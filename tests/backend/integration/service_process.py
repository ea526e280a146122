"""`tumorscope serve` as a process of its own, under whatever limits a test puts on it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

_START_TIMEOUT_S = 120


@dataclass(frozen=True)
class ServiceProcess:
    """A running service."""

    address: tuple[str, int]
    process: psutil.Process
    client: httpx.Client


@contextmanager
def serve(
    bundle: Path,
    folder: Path,
    settings: Mapping[str, str],
    *,
    output: int = subprocess.DEVNULL,
    limit: Callable[[], None] | None = None,
) -> Iterator[ServiceProcess]:
    """Ready; ended in any case.

    Parameters
    ----------
    bundle : Path
        What it serves.
    folder : Path
        Its working directory; ``stderr`` in it gets what it complains of.
    settings : mapping of str to str
        Environment variables.
    output : int
        Descriptor for its log.
    limit : callable, optional
        Called in the process before the service starts.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TUMORSCOPE_BUNDLE": str(bundle), **settings}
    with (folder / "stderr").open("wb") as complaints:
        server = subprocess.Popen(
            [sys.executable, "-m", "tumorscope", "serve", "--port", str(port)],
            env=environment,
            cwd=folder,
            stdout=output,
            stderr=complaints,
            preexec_fn=limit,  # noqa: PLW1509  (a system call, between fork and exec)
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            _wait_until_ready(client, server)
            yield ServiceProcess(("127.0.0.1", port), psutil.Process(server.pid), client)
    finally:
        server.terminate()
        server.wait(60)


def _wait_until_ready(client: httpx.Client, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if client.get("/health/ready").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"the service was not ready within {_START_TIMEOUT_S} s, or ended: {server.poll()}")
