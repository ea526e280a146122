"""During its shutdown a server answers the connection that it accepted last."""

import http.client
import socket
import threading
from contextlib import closing

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from tests.waiting import wait_until
from tumorscope.api.lifecycle import server as module
from tumorscope.api.lifecycle.server import DrainingServer


def _is_refused(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address).close()
    except ConnectionRefusedError:
        return True
    return False


def test_request_of_a_connection_accepted_before_the_port_closed_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    # The test ends this wait itself, when it has its answer.
    monkeypatch.setattr(module, "_SETTLE_S", 3600)
    config = uvicorn.Config(PlainTextResponse("here"), port=0, log_config=None, lifespan="off")
    server = DrainingServer(config, lambda: None, 0)
    running = threading.Thread(target=server.run)
    running.start()
    wait_until(lambda: server.started)
    address = server.servers[0].sockets[0].getsockname()
    with closing(http.client.HTTPConnection(*address)) as connection:
        connection.connect()
        wait_until(lambda: server.server_state.connections)
        server.should_exit = True
        wait_until(lambda: _is_refused(address))
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"here"
    server.force_exit = True
    running.join()
