"""Connections in; those that do not ask within good time, or in good measure, out again."""

import asyncio
import resource
from typing import ClassVar

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from tumorscope.api.monitoring.logs import log_event

_MOST_FILES = 65_536
# As much as h11 takes, and twice what nginx does.
_MOST_HEAD_BYTES = 64 * 1024


class PromptProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # whichever uvicorn has: httptools or h11
    """uvicorn's protocol, which by itself waits for the head of a request for ever.

    While no request is being answered, the whole head of the next one has to come within `head_s` of the connection's
    begin or of its own first byte. Between two requests uvicorn's own, shorter timeout holds.

    httptools would also hold a head, or what a chunked body may have around its chunks, of any length. Here what is
    neither the end of a head nor part of a body may be 64 KiB in a row; h11 has a bound of its own, and calls none of
    the ``on_…`` below.
    """

    head_s: ClassVar[float] = 15.0

    _closing: asyncio.TimerHandle | None = None
    _has_begun = False
    _unused_bytes = 0
    _counts = hasattr(AutoHTTPProtocol, "on_message_begin")

    def connection_made(self, transport: asyncio.Transport) -> None:
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._unused_bytes += len(data)
        super().data_received(data)
        if self._counts and self._unused_bytes > _MOST_HEAD_BYTES and not self.transport.is_closing():
            log_event("connection_closed", reason=f"more than {_MOST_HEAD_BYTES // 1024} KiB of a request head")
            self.send_400_response("The head of the request is too large.")
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()
            return
        self._has_begun = True
        if self._closing is None:
            self._wait_for_head()

    def on_message_begin(self) -> None:
        """See httptools."""
        self._unused_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """See httptools."""
        self._unused_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """See httptools."""
        self._unused_bytes = 0
        super().on_body(body)

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
