"""An application, served by uvicorn on a port of its own, in this process."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from tests.waiting import PATIENCE_S, wait_until

Address = tuple[str, int]


@contextmanager
def listen(app: Any, port: int = 0, **config: Any) -> Iterator[Address]:
    """Its address, from when it accepts connections; uvicorn's configuration by keyword."""
    server = uvicorn.Server(uvicorn.Config(app, **{"ws": "none", "log_config": None, **config}))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            wait_until(lambda: server.started)
            yield listener.getsockname()
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)


@contextmanager
def serve(app: FastAPI) -> Iterator[str]:
    """Its address, ``127.0.0.1:PORT``, from when its model answers."""
    with listen(app) as address, connect(address) as client:
        wait_until(lambda: _is_ready(client))
        yield "{}:{}".format(*address)


def connect(address: Address) -> httpx.Client:
    """A client of a service; it waits long enough for any answer."""
    return httpx.Client(base_url="http://{}:{}".format(*address), timeout=PATIENCE_S, trust_env=False)


def _is_ready(client: httpx.Client) -> bool:
    status = client.get("/health").json()["status"]
    assert status != "failed", "the model was refused; the log says why"
    return bool(status == "ready")
