"""Connections in; those with slow or large request headers, or that do not read their answers, are closed."""

import asyncio
import logging
import resource
import socket
import struct
from contextlib import suppress
from typing import ClassVar
from uuid import uuid4

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from tumorscope.api.http.errors import MEDIA_TYPE, describe_problem
from tumorscope.api.monitoring.logs import log_event
from tumorscope.domain.errors import InvalidRequest

_MAX_OPEN_FILES = 65_536
# With fewer, connections and processes that read files soon fail.
_FEW_OPEN_FILES = 256
# The limit of h11, and twice that of nginx.
_MAX_HEADER_BYTES = 64 * 1024
# Of an answer, in each `write_timeout_s`: as of an upload.
_MIN_READ_BYTES = 64 * 1024
# What the kernel keeps of an answer beyond what is on its way; by default megabytes, which count as the container's.
_MAX_UNSENT_BYTES = 128 * 1024
_NO_LINGER = struct.pack("ii", 1, 0)
_TOO_LARGE = f"The request headers are larger than {_MAX_HEADER_BYTES // 1024} KiB."


class HeaderLimitsProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # whichever uvicorn has: httptools or h11
    """uvicorn's protocol, with limits of time and size for request headers, and of time for reading an answer.

    What it cannot parse is answered as a problem, like every other error.

    uvicorn itself waits for the headers of a request without limit. Here, while no request is being answered, they
    must arrive within `header_timeout_s` of the connection's start or of their own first byte. Between two requests
    uvicorn's shorter keep-alive timeout applies.

    httptools accepts headers, and extensions and trailers of a chunked body, of any length. Here the headers of a
    request may have 64 KiB, and as much in a row may be neither the end of headers nor part of a body. h11 has its own
    limit and calls no ``on_…`` method.

    uvicorn also waits without limit until a client has read its answer. Here it must read 64 KiB or all of it in each
    `write_timeout_s`, looked at in these intervals.
    """

    header_timeout_s: ClassVar[float] = 15.0
    write_timeout_s: ClassVar[float] = 30.0

    _timeout: asyncio.TimerHandle | None = None
    _has_started = False
    # Since the last progress, and of the names and values of this request.
    _header_bytes = _field_bytes = 0
    # When writing was last looked at, and whether answers have gone out since then until a new one could follow.
    _unsent_bytes = 0
    _has_drained = False
    _write_timer: asyncio.TimerHandle | None = None
    _counts_headers = hasattr(AutoHTTPProtocol, "on_message_begin")

    def connection_made(self, transport: asyncio.Transport) -> None:
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._start_timeout()
        with suppress(AttributeError, OSError):  # not every system has it
            transport.get_extra_info("socket").setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MAX_UNSENT_BYTES
            )
        self._watch_writing()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._header_bytes += len(data)
        super().data_received(data)
        if self._counts_headers and self._header_bytes > _MAX_HEADER_BYTES and not self.transport.is_closing():
            self.send_400_response(_TOO_LARGE)
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self._cancel_timeout()
            return
        self._has_started = True
        if self._timeout is None:
            self._start_timeout()

    def send_400_response(self, msg: str) -> None:
        """See uvicorn, whose message says no more than that parsing failed."""
        if self._field_bytes > _MAX_HEADER_BYTES:
            msg = _TOO_LARGE
        request_id = uuid4().hex
        log_event("connection_closed", reason=msg, request_id=request_id)
        problem = describe_problem(400, InvalidRequest.code, msg, request_id).model_dump_json()
        head = f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(problem)}\r\nx-request-id: {request_id}"
        self.transport.write(f"HTTP/1.1 400 Bad Request\r\n{head}\r\nconnection: close\r\n\r\n{problem}".encode())
        self.transport.close()

    def on_message_begin(self) -> None:
        """See httptools."""
        self._header_bytes = self._field_bytes = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """See httptools, for which any exception is an error of the request."""
        self._field_bytes += len(name) + len(value)
        if self._field_bytes > _MAX_HEADER_BYTES:
            raise ValueError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """See httptools."""
        self._header_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """See httptools."""
        self._header_bytes = 0
        super().on_body(body)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._cancel_timeout()
        if self._write_timer is not None:
            self._write_timer.cancel()
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._has_drained = True
        super().resume_writing()

    def _watch_writing(self) -> None:
        unsent_bytes = self.transport.get_write_buffer_size()
        is_slow = unsent_bytes and self._unsent_bytes and self._unsent_bytes - unsent_bytes < _MIN_READ_BYTES
        if is_slow and not self._has_drained:
            log_event("connection_closed", reason=f"answer not read within {self.write_timeout_s:g} s")
            with suppress(AttributeError, OSError):
                # Reset: else the kernel keeps what was not read, and waits for its reader.
                self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self.transport.abort()
            return
        self._unsent_bytes, self._has_drained = unsent_bytes, False
        self._write_timer = self.loop.call_later(self.write_timeout_s, self._watch_writing)

    def _start_timeout(self) -> None:
        self._timeout = self.loop.call_later(self.header_timeout_s, self._close_idle)

    def _cancel_timeout(self) -> None:
        self._has_started = False
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None

    def _close_idle(self) -> None:
        # Browsers open connections in advance; closing an unused one is not worth a log line.
        if self._has_started:
            log_event("connection_closed", reason=f"request headers not complete within {self.header_timeout_s:g} s")
        self.transport.abort()


def raise_file_limit() -> None:
    """Raise the soft limit of open files, and so of connections, as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    if soft != resource.RLIM_INFINITY and soft < _FEW_OPEN_FILES:
        log_event("few_open_files", logging.WARNING, limit=soft, wanted=_FEW_OPEN_FILES)
