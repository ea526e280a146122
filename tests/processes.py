"""`tumorscope serve` as a process of its own on a free port."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

_START_TIMEOUT_S = 120


@dataclass(frozen=True)
class ServedProcess:
    """A running service."""

    url: str
    popen: subprocess.Popen[bytes]
    log: Path

    def connect(self) -> httpx.Client:
        """A client with connections of its own."""
        return httpx.Client(base_url=self.url, timeout=120, trust_env=False)

    def wait_for_status(self, status: str, timeout_s: float = _START_TIMEOUT_S) -> None:
        """Until /health says so."""
        deadline = time.monotonic() + timeout_s
        with self.connect() as client:
            while time.monotonic() < deadline:
                assert self.popen.poll() is None, self.log.read_text()
                try:
                    if client.get("/health").json()["status"] == status:
                        return
                except httpx.TransportError:
                    pass
                time.sleep(0.05)
        raise AssertionError(f"never {status}: {self.log.read_text()}")


@contextmanager
def serve(bundle: Path, log: Path, *options: str, **settings: str) -> Iterator[ServedProcess]:
    """Start it, with settings by their names without the prefix; it is ended with the context."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TUMORSCOPE_")}
    environment |= {f"TUMORSCOPE_{name.upper()}": value for name, value in settings.items()}
    environment |= {"TUMORSCOPE_BUNDLE": str(bundle), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "tumorscope", "serve", "--port", str(port), *options]
    with log.open("wb") as output, subprocess.Popen(command, env=environment, stdout=output) as popen:
        try:
            yield ServedProcess(f"http://127.0.0.1:{port}", popen, log)
        finally:
            if popen.poll() is None:
                popen.kill()
