"""The end of a server: where nobody else accepts at its port, newcomers are held off until it is closed."""

import socket
import sys
import threading
import time

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from tumorscope.api.lifecycle import server as module
from tumorscope.api.lifecycle.server import DrainingServer


@pytest.mark.skipif(sys.platform != "linux", reason="the filter of arrivals is Linux'")
@pytest.mark.parametrize("ends_port", [True, False])
def test_newcomers_are_held_off_only_where_the_port_ends_with_the_server(
    ends_port: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In a service the process ends with its server, by force where it must; the tests go on.
    monkeypatch.setattr(module, "_GIVE_UP_S", 10**6)
    with socket.create_server(("127.0.0.1", 0)) as listener, listener.dup() as of_another:
        config = uvicorn.Config(PlainTextResponse("here"), log_config=None, lifespan="off")
        server = DrainingServer(config, lambda: None, 0, lambda: ends_port)
        running = threading.Thread(target=server.run, args=([listener],))
        running.start()
        while not server.started:
            time.sleep(0.01)
        server.should_exit = True
        running.join()
        if ends_port:
            with pytest.raises(TimeoutError):
                socket.create_connection(of_another.getsockname(), timeout=0.5)
        else:
            socket.create_connection(of_another.getsockname(), timeout=0.5).close()
