"""What the watcher waits for in, a line of its log out for every half a minute that it waits."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Self

Log = Callable[..., None]
"""Takes the name of an event, and fields by keyword that tell nothing of a patient."""

Peer = Literal["archive", "service", "jobs"]

_SILENT_S = 30.0
_LOOKED_AT_S = 1.0


@dataclass(frozen=True, slots=True)
class _Wait:
    peer: Peer
    study: int | None
    since: float


class Waits:
    """Says in the log, beside the work, which peer has been silent for long: ``archive_silent`` and the like."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._wait: _Wait | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tell, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @contextmanager
    def on(self, peer: Peer, study: int | None = None) -> Iterator[None]:
        """Note that a peer is waited for, and for which study; within the wait for another one, that pauses."""
        outer = self._wait
        self._wait = _Wait(peer, study, time.monotonic())
        try:
            yield
        finally:
            self._wait = outer and _Wait(outer.peer, outer.study, time.monotonic())

    def _tell(self) -> None:
        told, next_s = None, _SILENT_S
        while not self._ended.wait(_LOOKED_AT_S):
            wait = self._wait
            if wait is not told:
                told, next_s = wait, _SILENT_S
            if wait is not None and (waited_s := time.monotonic() - wait.since) >= next_s:
                of_study = {} if wait.study is None else {"study": wait.study}
                self._log("waiting", code=f"{wait.peer}_silent", seconds=round(waited_s), **of_study)
                next_s += _SILENT_S
