"""Connections in; those that do not ask within good time out again."""

import asyncio
import resource
from typing import ClassVar

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from tumorscope.api.logs import log_event

_MOST_FILES = 65_536


class PromptProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # whichever uvicorn has: httptools or h11
    """uvicorn's protocol, which by itself waits for the head of a request for ever.

    While no request is being answered, the whole head of the next one has to come within `head_s` of the connection's
    begin or of its own first byte. Between two requests uvicorn's own, shorter timeout holds.
    """

    head_s: ClassVar[float] = 15.0

    _closing: asyncio.TimerHandle | None = None
    _has_begun = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()
            return
        self._has_begun = True
        if self._closing is None:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        self._closing = self.loop.call_later(self.head_s, self._close_slow)

    def _stop_waiting(self) -> None:
        self._has_begun = False
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None

    def _close_slow(self) -> None:
        # Browsers open connections beforehand; one that was never used is no news.
        if self._has_begun:
            log_event("connection_closed", reason=f"no whole request head within {self.head_s:g} s")
        self.transport.abort()


def raise_file_limit() -> None:
    """Let the process have as many connections as the system lets it, where less is the default."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
