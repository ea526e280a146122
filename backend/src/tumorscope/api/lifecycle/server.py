"""An application in, the server that runs it out; after SIGTERM it drains, then finishes in-flight requests."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from socket import socket
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from tumorscope.api.http.connections import HeaderLimitsProtocol, raise_file_limit

# In-flight requests may take this long after the port is closed.
_FINISH_S = 30
# A connection that was accepted last has this long to send its request.
_SETTLE_S = 0.5
# Threads cannot be cancelled: if one is still running after that, the process exits with it.
_GIVE_UP_S = 2
_POLL_S = 0.05


class DrainingServer(uvicorn.Server):
    """uvicorn's server with a graceful shutdown of three steps: drain, close the port, finish in-flight requests.

    Parameters
    ----------
    config : uvicorn.Config
        Of the server.
    drain : callable
        Called by the signal handler, before anything else.
    drain_s : float
        How long it goes on to accept requests after SIGTERM, so that a proxy that checks readiness stops sending. An
        interrupt from the keyboard does not wait.
    """

    def __init__(self, config: uvicorn.Config, drain: Callable[[], None], drain_s: float) -> None:
        super().__init__(config)
        self._drain = drain
        self._drain_s = drain_s

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """See uvicorn; a second signal ends the waiting of the first."""
        self._drain()
        if sig == signal.SIGINT or self.should_exit:
            self._drain_s = 0
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """See uvicorn, which would close a new connection before its request is read."""
        await self._wait_while(lambda waited_s: waited_s < self._drain_s)
        for server in self.servers:
            server.close()
        await self._wait_while(lambda waited_s: waited_s < _SETTLE_S and not self.force_exit)
        give_up = threading.Timer(_FINISH_S + _GIVE_UP_S, self._exit_at_once)
        give_up.daemon = True
        give_up.start()
        await super().shutdown(sockets)
        give_up.cancel()

    def _exit_at_once(self) -> None:
        # The thread may also be loading a model, and then nobody misses an answer.
        os._exit(1 if self.server_state.tasks else 0)

    async def _wait_while(self, holds: Callable[[float], bool]) -> None:
        clock = asyncio.get_running_loop().time
        started_s = clock()
        while holds(clock() - started_s):  # noqa: ASYNC110  (a signal handler cannot set an asyncio.Event)
            await asyncio.sleep(_POLL_S)


def run_server(app: ASGIApp, host: str, port: int, drain: Callable[[], None], drain_s: float) -> None:
    """Serve until a signal arrives; after SIGTERM the process ends with status 0."""
    raise_file_limit()
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=HeaderLimitsProtocol,
        # There are no WebSockets, and their libraries need not be loaded.
        ws="none",
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=_FINISH_S,
    )
    # uvicorn raises the signal again after the shutdown, and the default handler would exit with status 143.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    with suppress(KeyboardInterrupt):
        DrainingServer(config, drain, drain_s).run()
