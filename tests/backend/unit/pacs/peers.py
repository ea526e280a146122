"""Peers that do not answer as they should: silent ones, and ones that drip."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PACE_S = 0.02


@contextmanager
def answer_slowly(start: bytes = b"", drop: bytes = b"", until: Callable[[], object] = lambda: False) -> Iterator[str]:
    """The address of a server that begins each answer in this way, and goes on by drops, or never where there is none.

    It is so until something holds, and closes its connections then.
    """
    ended = threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(2**16)
                connection.sendall(start)
                while not (ended.wait(_PACE_S) or until()):
                    connection.sendall(drop)
            except OSError:
                # Its client has gone.
                pass

    def serve(listener: socket.socket) -> None:
        while not ended.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(None)
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(_PACE_S)
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield "http://{}:{}".format(*listener.getsockname())
        finally:
            ended.set()
            thread.join()
