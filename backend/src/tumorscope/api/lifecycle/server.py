"""An application in, the server that runs it out: before it ends it says so, and what was accepted is answered."""

import asyncio
import ctypes
import os
import select
import signal
import struct
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from socket import SOL_SOCKET, fromfd, socket
from types import FrameType

import uvicorn

FINISH_S = 30
"""What is in flight has so long to be answered."""

# A connection that was accepted last has so long for its request to be read.
_SETTLE_S = 0.5
# A flood of connections does not keep the port open.
_MAX_ROUNDS = 1000
# Threads cannot be cancelled: with what they still compute after all answers had their time, the process ends.
_GIVE_UP_S = 2
# Linux' SO_ATTACH_FILTER, which Python has no name for, and one instruction of classic BPF: return 0, keep nothing.
_ATTACH_FILTER = 26
_DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)


class DrainingServer(uvicorn.Server):
    """Uvicorn's, in three steps to its end: it says that it drains, it stops to listen, it waits for its answers.

    Parameters
    ----------
    config : uvicorn.Config
        Whose ``timeout_graceful_shutdown`` is `FINISH_S`.
    drain : callable
        Called at the signal, before anything else.
    drain_s : float
        So long it still listens and answers, so that a proxy that asks for readiness stops to send. An interruption at
        the keyboard does not wait.
    ends_port : callable
        Whether nobody else will accept at this port once it has stopped to.
    """

    def __init__(
        self, config: uvicorn.Config, drain: Callable[[], None], drain_s: float, ends_port: Callable[[], bool]
    ) -> None:
        super().__init__(config)
        self._drain = drain
        self._drain_s = drain_s
        self._ends_port = ends_port

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """See uvicorn; the second signal ends the wait of the first."""
        self._drain()
        if sig == signal.SIGINT or self.should_exit:
            self._drain_s = 0
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """See uvicorn, which closes connections whose request it has not read: here they have a moment for it."""
        clock = asyncio.get_running_loop().time
        started = clock()
        while clock() - started < self._drain_s:  # noqa: ASYNC110  (a signal's handler can set no event)
            await asyncio.sleep(0.05)
        for server in self.servers:
            if self._ends_port():
                _hold_off(server.sockets)
            await _accept_waiting(server.sockets)
            server.close()
        for listener in sockets or []:
            listener.close()
        await asyncio.sleep(_SETTLE_S)
        give_up = threading.Timer(FINISH_S + _GIVE_UP_S, os._exit, (1,))
        give_up.daemon = True
        give_up.start()
        await super().shutdown(sockets)


def run_server(
    config: uvicorn.Config,
    drain: Callable[[], None],
    drain_s: float,
    ends_port: Callable[[], bool],
    sockets: list[socket] | None = None,
) -> None:
    """Serve until a signal comes; SIGTERM ends the process with status 0.

    Parameters
    ----------
    config, drain, drain_s, ends_port
        As `DrainingServer` takes them.
    sockets : list of socket, optional
        That it listens at, in place of the configured address.
    """
    # Uvicorn raises the signal again when it is done, and its default would end the process with status 143.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    with suppress(KeyboardInterrupt):
        DrainingServer(config, drain, drain_s, ends_port).run(sockets)


def _hold_off(listeners: Sequence[socket]) -> None:
    """Let the kernel drop whoever comes now: a connection that it made before the port closes would be reset.

    A dropped one is tried again by the other side's kernel after a second, and then finds the port closed.
    """
    code = ctypes.create_string_buffer(_DROP_ALL)
    program = struct.pack("HP", 1, ctypes.addressof(code))
    for listener in listeners:
        # Where the kernel knows no such filter, those of the last microseconds are reset.
        with suppress(OSError), fromfd(listener.fileno(), listener.family, listener.type) as same:
            same.setsockopt(SOL_SOCKET, _ATTACH_FILTER, program)


async def _accept_waiting(listeners: Sequence[socket]) -> None:
    """Let the event loop accept what the kernel holds for it: closing would reset these connections."""
    for _ in range(_MAX_ROUNDS):
        if not listeners or not select.select(listeners, [], [], 0)[0]:
            return
        await asyncio.sleep(0)
