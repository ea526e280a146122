"""The servers that are compared, each in a process of its own on a free port."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.processes import read_allocator_settings

_ROOT = Path(__file__).parents[2]
_START_TIMEOUT_S = 120
_BOUNDARY = "boundary-of-the-benchmark"

OURS = "Tumorscope"
EARLIER_COMMIT = "7919d61"
EARLIER = f"Tumorscope, commit {EARLIER_COMMIT}"
FLASK = "Flask, model.predict"
COMMANDS = {
    FLASK: ["tests.bench.flask_server"],
    "FastAPI, tf.function": ["tests.bench.fastapi_server"],
    "LitServe, tf.function": ["tests.bench.litserve_server"],
    OURS: ["tumorscope", "serve", "--port"],
    EARLIER: ["tumorscope", "serve", "--port"],
}
"""Modules and their arguments; the port follows."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    port: int
    process: psutil.Process
    seconds_to_ready: float

    def connect(self) -> http.client.HTTPConnection:
        """A connection that is kept open: a client library of its own would take the cores from the servers."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def cpu_s(self) -> float:
        """Seconds that cores have worked for the process and its children, since their start."""
        processes = (self.process, *self.process.children(recursive=True))
        return sum(sum(process.cpu_times()[:2]) for process in processes)

    def resident_mib(self) -> float:
        """Of the process and its children, what they share counted once for each."""
        total = 0
        for process in (self.process, *self.process.children(recursive=True)):
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total / 2**20


def ask(connection: http.client.HTTPConnection, path: str, body: bytes, content_type: str) -> bytes:
    """Send one request and read its answer.

    Raises
    ------
    RuntimeError
        The answer is not 200.
    """
    connection.request("POST", path, body, {"Content-Type": content_type})
    response = connection.getresponse()
    content = response.read()
    if response.status != http.client.OK:
        raise RuntimeError(f"status {response.status}: {content[:200]!r}")
    return content


def make_form(content: bytes) -> tuple[bytes, str]:
    """One file as a form, and its content type."""
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    return head.encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={_BOUNDARY}"


@contextmanager
def serve(name: str, bundle: Path) -> Iterator[Server]:
    """One of `COMMANDS`, ended in any case."""
    port = _free_port()
    environment = os.environ | read_allocator_settings()
    environment |= {"TUMORSCOPE_BUNDLE": str(bundle), "TF_CPP_MIN_LOG_LEVEL": "3"}
    if name == EARLIER:
        backend = _check_out_earlier()
        environment |= {"PYTHONPATH": str(backend / "src"), "TUMORSCOPE_BUNDLE": str(backend / "models" / "default")}
    started = time.monotonic()
    command = [sys.executable, "-m", *COMMANDS[name], str(port)]
    process = subprocess.Popen(
        command,
        env=environment,
        cwd=_ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # An interrupt at the keyboard is for the measurement, which ends its servers itself.
        start_new_session=True,
    )
    try:
        _wait_until_ready(process, port, name)
        yield Server(port, psutil.Process(process.pid), time.monotonic() - started)
    finally:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.terminate()
        process.terminate()
        process.wait(timeout=60)


def _check_out_earlier() -> Path:
    """The backend of the earlier commit, which runs with this environment's packages; with its own model."""
    folder = _ROOT / "build" / "bench" / EARLIER_COMMIT
    folder.mkdir(parents=True, exist_ok=True)
    archive = subprocess.run(
        ["git", "archive", EARLIER_COMMIT, "backend"], cwd=_ROOT, stdout=subprocess.PIPE, check=True
    ).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    return folder / "backend"


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, name: str) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"{name} ended at its start with status {process.returncode}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == http.client.OK:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.02)
    raise SystemExit(f"{name} was not ready within {_START_TIMEOUT_S} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
