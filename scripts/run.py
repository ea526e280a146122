"""Serve the API and the built page on this machine until interrupted, or until one of them ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

_ROOT = Path(__file__).parents[1]
_HOST = "127.0.0.1"
_POLL_S = 0.3
# The API finishes in-flight requests for up to 30 s; the page has none.
_STOP_S = 35


def main() -> int:
    """Run both; the exit status is 0 after an interrupt and 1 if one of them failed."""
    ports = {"PORT": int(os.environ.get("PORT") or 8000), "WEB_PORT": int(os.environ.get("WEB_PORT") or 8080)}
    for variable, port in ports.items():
        if not _is_free(port):
            _print(f"Port {port} is in use. Choose another one: make run {variable}={port + 1}")
            return 1
    interrupted = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: interrupted.set())
    processes = _start(ports)
    _print("The model is loading.")
    try:
        return _watch(processes, ports, interrupted)
    finally:
        interrupted.clear()
        _stop(processes.values(), interrupted)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # A port with connections in TIME_WAIT counts as free, as it does for the servers.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True


def _start(ports: Mapping[str, int]) -> dict[str, subprocess.Popen[bytes]]:
    # `vite preview` forwards /api to PORT. A terminal needs no log of requests, and no proxy checks readiness here.
    defaults = {"TUMORSCOPE_LOG_LEVEL": "WARNING", "TUMORSCOPE_DRAIN_S": "0"}
    environment = {**defaults, **os.environ, **{name: str(port) for name, port in ports.items()}}
    # The page served here sends no key; only this machine can reach page and API.
    environment.pop("TUMORSCOPE_API_KEYS_FILE", None)
    api = [str(Path(sys.executable).with_name("tumorscope")), "serve", "--host", _HOST, "--port", str(ports["PORT"])]
    page = ["node", "node_modules/vite/bin/vite.js", "preview", "--logLevel", "warn"]
    # In sessions of their own, Ctrl-C reaches this process only, which then stops them in order.
    return {
        name: subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True)  # noqa: S603  (both commands are fixed)
        for name, command, folder in (("API", api, _ROOT), ("page", page, _ROOT / "frontend"))
    }


def _watch(
    processes: Mapping[str, subprocess.Popen[bytes]], ports: Mapping[str, int], interrupted: threading.Event
) -> int:
    announced = False
    while not interrupted.wait(_POLL_S):
        for name, process in processes.items():
            if process.poll() is not None:
                _print(f"The {name} ended with status {process.returncode}; stopping the other.")
                return 1
        if announced:
            continue
        status = _read_status(ports["PORT"])
        if status == "failed":
            _print("The model could not be loaded; the log above says why.")
            return 1
        if status == "ready" and not _is_free(ports["WEB_PORT"]):
            _print(f"Tumorscope is open at http://{_HOST}:{ports['WEB_PORT']}")
            announced = True
    return 0


def _read_status(port: int) -> str | None:
    """Read the status from /health; None while nothing answers."""
    try:
        try:
            with urlopen(f"http://{_HOST}:{port}/health", timeout=5) as answer:
                body = answer.read()
        except HTTPError as error:
            body = error.read()
        return str(json.loads(body)["status"])
    except (URLError, OSError, ValueError, KeyError):
        return None


def _stop(processes: Collection[subprocess.Popen[bytes]], interrupted: threading.Event) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        waited = 0.0
        while process.poll() is None:
            # A second Ctrl-C does not wait.
            if interrupted.wait(_POLL_S) or (waited := waited + _POLL_S) > _STOP_S:
                process.kill()
                process.wait()


def _print(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
