"""A request body in, the bytes of its files out; nothing touches a disk."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from tumorscope.api.http.held_files import HeldFiles
from tumorscope.domain.errors import (
    InputError,
    InvalidRequest,
    NoFile,
    ServiceError,
    TooManyFiles,
    UploadTooLarge,
    UploadTooSlow,
)
from tumorscope.imaging.source import SourceFile

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_FIELD = b"file"
_MAX_NAME = 255
# A client that is still sending does not read the answer: what it sends is taken and dropped, within these bounds.
_DRAIN_S = 1.5
_DRAIN_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """Bounds that hold before anything is decoded."""

    part_bytes: int
    request_bytes: int
    files: int


async def read_files(request: Request, limits: UploadLimits, held: HeldFiles) -> list[SourceFile]:
    """The files of a request: the parts named ``file`` of a form, or the plain body.

    Parameters
    ----------
    request : Request
        Not read yet.
    limits : UploadLimits
        What is read at most.
    held : HeldFiles
        Empty; holds what is read, and nothing after an error.

    Returns
    -------
    list of SourceFile
        At least one; an empty file is empty bytes. It is emptied when `held` is dropped.

    Raises
    ------
    NoFile
        No part named ``file``, or an empty body.
    UploadTooLarge, TooManyFiles
        Beyond the limits; what is beyond was never held.
    InvalidRequest
        The form is malformed.
    UploadTooSlow
        It comes in more slowly than `UploadPace` waits for.
    Overloaded
        The files of all requests together would hold more memory than they may.
    """
    async with _open_body(request, limits, held) as chunks:
        content_type, options = parse_options_header(request.headers.get("content-type"))
        if content_type == b"multipart/form-data":
            await _read_form(chunks, options.get(b"boundary"), limits, held)
        else:
            await _read_body(chunks, limits, held)
    return held.complete


async def read_body(request: Request, max_bytes: int, held: HeldFiles) -> bytes:
    """The body of a request that is no upload of files, whatever it says that it is.

    Parameters
    ----------
    request : Request
        Not read yet.
    max_bytes : int
        What is read at most.
    held : HeldFiles
        Empty; counts what is read.

    Raises
    ------
    UploadTooLarge
        Beyond the limit.
    InvalidRequest
        There is no body.
    Overloaded
        The bodies of all requests together would hold more memory than they may.
    """
    limits = UploadLimits(max_bytes, max_bytes, files=1)
    async with _open_body(request, limits, held) as chunks:
        try:
            await _read_body(chunks, limits, held)
        except NoFile as error:
            raise InvalidRequest("The request has no body.") from error
    return held.complete[0].data


@asynccontextmanager
async def _open_body(request: Request, limits: UploadLimits, held: HeldFiles) -> AsyncIterator[AsyncIterator[bytes]]:
    """The chunks of a body that does not declare itself too large; after an error, nothing of it is held."""
    chunks = aiter(request.stream())
    try:
        if _is_declared_too_large(request, limits):
            raise _too_large(limits.request_bytes)
        yield chunks
    except (InputError, ServiceError):
        held.drop()
        # curl and browsers that wait for "100 Continue" have sent nothing and get the answer at once.
        if request.headers.get("expect", "").lower() != "100-continue":
            await _drain(chunks)
        raise


def _is_declared_too_large(request: Request, limits: UploadLimits) -> bool:
    declared = request.headers.get("content-length", "")
    return declared.isdecimal() and int(declared) > limits.request_bytes


async def _read_body(chunks: AsyncIterator[bytes], limits: UploadLimits, held: HeldFiles) -> None:
    async for chunk in chunks:
        if held.open_bytes + len(chunk) > limits.part_bytes:
            raise _too_large(limits.part_bytes)
        held.append(chunk)
    if not held.open_bytes:
        raise NoFile("The request holds no file.")
    held.complete_file()


async def _read_form(
    chunks: AsyncIterator[bytes], boundary: bytes | None, limits: UploadLimits, held: HeldFiles
) -> None:
    if not boundary:
        raise InvalidRequest("The form states no boundary between its parts.")
    form = _Form(limits, held)
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
        raise InvalidRequest("The form ends before its last part does.")
    if not held.complete:
        raise NoFile("The form has no part named 'file' with a file in it.")


@dataclass(slots=True)
class _Form:
    """Collects the parts named ``file`` while the parser walks the body."""

    limits: UploadLimits
    held: HeldFiles
    ended: bool = False
    _header_name: bytearray = field(default_factory=bytearray)
    _header_value: bytearray = field(default_factory=bytearray)
    _is_file: bool = False
    _name: str = ""

    def callbacks(self) -> "MultipartCallbacks":
        """As `MultipartParser` takes them."""
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
        if self.held.open_bytes + end - start > self.limits.part_bytes:
            raise _too_large(self.limits.part_bytes)
        self.held.append(data[start:end])

    def _end_part(self) -> None:
        # A browser sends a nameless empty part when no file was chosen.
        if not self._is_file or not (self._name or self.held.open_bytes):
            return
        if len(self.held.complete) == self.limits.files:
            raise TooManyFiles(f"The request holds more than {self.limits.files} files.")
        self.held.complete_file(self._name)

    def _end(self) -> None:
        self.ended = True


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    dropped = 0
    try:
        async with asyncio.timeout(_DRAIN_S):
            async for chunk in chunks:
                dropped += len(chunk)
                if dropped > _DRAIN_BYTES:
                    return
    except (TimeoutError, UploadTooSlow):
        return


def _too_large(limit: int) -> UploadTooLarge:
    return UploadTooLarge(f"The upload is larger than {limit // 2**20} MiB.")
