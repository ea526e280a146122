"""A ``multipart/related`` body in, its parts out, piece by piece."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from tumorscope.domain.errors import PeerError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks


def read_parts(content_type: str, chunks: Iterable[bytes]) -> Iterator[bytes | None]:
    """Read a body (RFC 2387) that may be larger than memory: None where a part begins, then its content in pieces.

    Raises
    ------
    PeerError
        ``answer_invalid``: it is no such body, or ends early.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/related" or not boundary:
        raise PeerError("The answer is not multipart/related.", "answer_invalid")
    pieces: list[bytes | None] = []
    ends: list[bool] = []
    callbacks: MultipartCallbacks = {
        "on_part_begin": lambda: pieces.append(None),
        "on_part_data": lambda data, start, end: pieces.append(data[start:end]),
        "on_end": lambda: ends.append(True),
    }
    try:
        parser = MultipartParser(boundary, callbacks)
        for chunk in chunks:
            parser.write(chunk)
            yield from pieces
            pieces.clear()
    except FormParserError as error:
        raise PeerError("The answer is malformed.", "answer_invalid") from error
    if not ends:
        raise PeerError("The answer ends early.", "answer_invalid")


def join_parts(parts: Iterable[bytes], boundary: str) -> bytes:
    """Make the body that STOW-RS takes of DICOM files (PS3.18, 10.5)."""
    framed = [f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode() + part + b"\r\n" for part in parts]
    return b"".join([*framed, f"--{boundary}--\r\n".encode()])
