"""`tumorscope serve` as a process of its own on a free port."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.serving import connect
from tests.waiting import wait_until

_DOCKERFILE = Path(__file__).parents[1] / "backend" / "Dockerfile"


@dataclass(frozen=True)
class ServedProcess:
    """A running service, a client for it, and where its log goes."""

    address: tuple[str, int]
    client: httpx.Client
    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def process(self) -> psutil.Process:
        """For what `popen` does not tell."""
        return psutil.Process(self.popen.pid)

    @property
    def resident_mib(self) -> float:
        """Resident memory of the process."""
        return float(self.process.memory_info().rss) / 2**20

    def connect(self) -> httpx.Client:
        """A client with connections of its own."""
        return connect(self.address)

    def wait_for_status(self, status: str) -> None:
        """Until /health says so."""

        def has_status() -> bool:
            assert self.popen.poll() is None, _read_log(self.log)
            try:
                return bool(client.get("/health").json()["status"] == status)
            except httpx.TransportError:
                return False

        with self.connect() as client:
            wait_until(has_status)


def read_allocator_settings() -> dict[str, str]:
    """The variables of glibc's allocator that the image sets."""
    settings = dict(re.findall(r"\b(MALLOC_\w+)=(\d+)", _DOCKERFILE.read_text(encoding="utf-8")))
    assert len(settings) == 3
    return settings


@contextmanager
def serve(
    bundle: Path, log: Path, *options: str, limit: Callable[[], None] | None = None, **settings: str
) -> Iterator[ServedProcess]:
    """Start it; it is ended with the context.

    Parameters
    ----------
    bundle, log : Path
        What it serves, and what its log is written to.
    options : str
        Of the command.
    limit : callable, optional
        Called in the process before the service starts.
    settings : str
        By their names in the environment, in small letters and without the prefix.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TUMORSCOPE_")}
    environment |= {f"TUMORSCOPE_{name.upper()}": value for name, value in settings.items()}
    environment |= {"TUMORSCOPE_BUNDLE": str(bundle), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "tumorscope", "serve", "--port", str(port), *options]
    address = ("127.0.0.1", port)
    with (
        log.open("wb") as output,
        connect(address) as client,
        subprocess.Popen(command, env=environment, stdout=output, preexec_fn=limit) as popen,  # noqa: PLW1509  (system calls only)
    ):
        try:
            yield ServedProcess(address, client, popen, log)
        finally:
            if popen.poll() is None:
                popen.kill()


def _read_log(log: Path) -> str:
    return log.read_text() if log.is_file() else ""
