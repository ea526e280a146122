"""An application, served by uvicorn on a port of its own, in this process."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from fastapi import FastAPI

TIMEOUT_S = 60


@contextmanager
def serve(app: FastAPI) -> Iterator[str]:
    """Its address, ``127.0.0.1:PORT``, from when it is ready."""
    server = uvicorn.Server(uvicorn.Config(app, ws="none", log_config=None))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            wait_until(lambda: server.started)
            wait_until(lambda: _is_ready(address))
            yield address
        finally:
            server.should_exit = True
            thread.join(TIMEOUT_S)


def _is_ready(address: str) -> bool:
    status = httpx.get(f"http://{address}/health").json()["status"]
    assert status != "failed", "the model was refused; the log says why"
    return bool(status == "ready")


def wait_until(holds: Callable[[], bool]) -> None:
    """Return when it holds; fail when it takes too long."""
    deadline = time.monotonic() + TIMEOUT_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
