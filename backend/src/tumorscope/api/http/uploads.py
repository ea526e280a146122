"""A request body in, the bytes of its files out; nothing is written to disk."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from tumorscope.api.http.deadline import end_in_time
from tumorscope.domain.errors import (
    InputError,
    InvalidRequest,
    NoFile,
    Overloaded,
    ServiceError,
    TooManyFiles,
    UploadTooLarge,
    UploadTooSlow,
)
from tumorscope.imaging.source import SourceFile

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_RETRY_AFTER_S = 1


class UploadMemory:
    """Memory that the files of all unanswered requests take.

    Belongs to one event loop, whose requests take turns between two awaits, so nothing is locked.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.used_bytes = 0

    @contextmanager
    def open_buffer(self) -> Iterator["UploadBuffer"]:
        """Give a buffer for the files of one request; it is released with the context."""
        buffer = UploadBuffer(self)
        try:
            yield buffer
        finally:
            buffer.release()


class UploadBuffer:
    """The files of one request while they arrive, and until it is answered."""

    def __init__(self, memory: UploadMemory) -> None:
        self.files: list[SourceFile] = []
        self._memory = memory
        self._current = bytearray()
        self._used_bytes = 0

    @property
    def current_bytes(self) -> int:
        """Size so far of the file that is arriving."""
        return len(self._current)

    def append(self, chunk: bytes) -> None:
        """Add to the file that is arriving.

        Raises
        ------
        Overloaded
            All requests together would exceed their bound; the chunk is not kept.
        """
        if self._memory.used_bytes + len(chunk) > self._memory.max_bytes:
            raise Overloaded(
                "Other uploads fill the memory for uploads. Send this one again in a moment.", _RETRY_AFTER_S
            )
        self._memory.used_bytes += len(chunk)
        self._used_bytes += len(chunk)
        self._current += chunk

    def finish_file(self, name: str = "") -> None:
        """Finish the file that is arriving; another may follow."""
        self.files.append(SourceFile(name, bytes(self._current)))
        self._current = bytearray()

    def release(self) -> None:
        """Forget all files and give their memory back."""
        self.files.clear()
        self._current = bytearray()
        self._memory.used_bytes -= self._used_bytes
        self._used_bytes = 0


_FIELD = b"file"
_MAX_NAME = 255
# A client that is still sending does not read the answer yet: the rest is read and discarded, within these bounds.
_DISCARD_S = 1.5
_DISCARD_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """Bounds that apply before anything is decoded."""

    part_bytes: int
    request_bytes: int
    files: int


async def read_files(request: Request, limits: UploadLimits, buffer: UploadBuffer) -> list[SourceFile]:
    """Read the files of a request: the parts named ``file`` of a form, or the plain body.

    Parameters
    ----------
    request : Request
        Not read yet.
    limits : UploadLimits
        The most that is read.
    buffer : UploadBuffer
        Empty; keeps what is read, and nothing after an error.

    Returns
    -------
    list of SourceFile
        At least one; an empty file is empty bytes. It is emptied when `buffer` is released.

    Raises
    ------
    NoFile
        No part named ``file``, or an empty body.
    UploadTooLarge, TooManyFiles
        The request exceeds the limits; the excess is never kept.
    InvalidRequest
        The form is malformed.
    UploadTooSlow
        It arrives more slowly than `UploadRateCheck` allows.
    Overloaded
        The files of all requests together would exceed the memory for uploads.
    """
    async with _open_body(request, limits, buffer) as chunks:
        content_type, options = parse_options_header(request.headers.get("content-type"))
        if content_type == b"multipart/form-data":
            await _read_form(chunks, options.get(b"boundary"), limits, buffer)
        else:
            await _read_body(chunks, limits, buffer)
    return buffer.files


async def read_body(request: Request, max_bytes: int, buffer: UploadBuffer) -> bytes:
    """Read a request body as it is, whatever its content type.

    Raises
    ------
    UploadTooLarge
        The body exceeds the limit.
    InvalidRequest
        There is no body.
    Overloaded
        The bodies of all requests together would exceed the memory for uploads.
    """
    limits = UploadLimits(max_bytes, max_bytes, files=1)
    async with _open_body(request, limits, buffer) as chunks:
        try:
            await _read_body(chunks, limits, buffer)
        except NoFile as error:
            raise InvalidRequest("The request has no body.") from error
    return buffer.files[0].data


@asynccontextmanager
async def _open_body(
    request: Request, limits: UploadLimits, buffer: UploadBuffer
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Give the chunks of a body whose declared length is within the limit; after an error, release its buffer."""
    chunks = aiter(request.stream())
    try:
        if _is_declared_too_large(request, limits):
            raise _too_large(limits.request_bytes)
        async with end_in_time(request):
            yield chunks
    except (InputError, ServiceError):
        buffer.release()
        # A client that waits for "100 Continue" has sent nothing and gets the answer at once.
        if request.headers.get("expect", "").lower() != "100-continue":
            await _discard(chunks)
        raise


def _is_declared_too_large(request: Request, limits: UploadLimits) -> bool:
    declared = request.headers.get("content-length", "")
    return declared.isdecimal() and int(declared) > limits.request_bytes


async def _read_body(chunks: AsyncIterator[bytes], limits: UploadLimits, buffer: UploadBuffer) -> None:
    async for chunk in chunks:
        if buffer.current_bytes + len(chunk) > limits.part_bytes:
            raise _too_large(limits.part_bytes)
        buffer.append(chunk)
    if not buffer.current_bytes:
        raise NoFile("The request holds no file. Send an image, the files of a series, or a volume.")
    buffer.finish_file()


async def _read_form(
    chunks: AsyncIterator[bytes], boundary: bytes | None, limits: UploadLimits, buffer: UploadBuffer
) -> None:
    if not boundary:
        raise InvalidRequest("The form states no boundary between its parts.")
    form = _Form(limits, buffer)
    received = 0
    try:
        parser = MultipartParser(boundary, form.callbacks())
        async for chunk in chunks:
            received += len(chunk)
            if received > limits.request_bytes:
                raise _too_large(limits.request_bytes)
            parser.write(chunk)
        parser.finalize()
    except FormParserError as error:
        raise InvalidRequest("The form is malformed.") from error
    if received and not form.ended:
        raise InvalidRequest("The form ends within its last part.")
    if not buffer.files:
        raise NoFile("The form has no part named 'file' with a file in it.")


@dataclass(slots=True)
class _Form:
    """Collects the parts named ``file`` while the parser reads the body."""

    limits: UploadLimits
    buffer: UploadBuffer
    ended: bool = False
    _header_name: bytearray = field(default_factory=bytearray)
    _header_value: bytearray = field(default_factory=bytearray)
    _is_file: bool = False
    _name: str = ""

    def callbacks(self) -> "MultipartCallbacks":
        """The parser's callbacks."""
        return {
            "on_part_begin": self._begin_part,
            "on_header_field": lambda data, start, end: self._header_name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header_value.extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_part_data": self._add_content,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def _begin_part(self) -> None:
        self._is_file, self._name = False, ""

    def _end_header(self) -> None:
        if bytes(self._header_name).lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._header_value))
            self._is_file = options.get(b"name") == _FIELD
            self._name = options.get(b"filename", b"").decode(errors="replace")[:_MAX_NAME]
        self._header_name.clear()
        self._header_value.clear()

    def _add_content(self, data: bytes, start: int, end: int) -> None:
        if not self._is_file:
            return
        if self.buffer.current_bytes + end - start > self.limits.part_bytes:
            raise _too_large(self.limits.part_bytes)
        self.buffer.append(data[start:end])

    def _end_part(self) -> None:
        # A browser sends an empty part without a name where no file was chosen.
        if not self._is_file or not (self._name or self.buffer.current_bytes):
            return
        if len(self.buffer.files) == self.limits.files:
            raise TooManyFiles(f"The request holds more than {self.limits.files} files. Send a single series.")
        self.buffer.finish_file(self._name)

    def _end(self) -> None:
        self.ended = True


async def _discard(chunks: AsyncIterator[bytes]) -> None:
    discarded = 0
    try:
        async with asyncio.timeout(_DISCARD_S):
            async for chunk in chunks:
                discarded += len(chunk)
                if discarded > _DISCARD_BYTES:
                    return
    except (TimeoutError, UploadTooSlow):
        return


def _too_large(limit: int) -> UploadTooLarge:
    return UploadTooLarge(
        f"The upload is larger than {limit // 2**20} MiB. Send a single series, or compress the volume with gzip."
    )
