"""A request body as it came in, the bytes that it codes out; and what an answer is coded as (RFC 9110, section 8.4)."""

import zlib
from typing import Literal, get_args

from tumorscope.domain.errors import ExpandsTooMuch, InvalidRequest, UnsupportedFormat

Coding = Literal["gzip", "deflate"]

# The container that zlib expects around the compressed data; "deflate" names zlib's own.
_WINDOW_BITS: dict[Coding, int] = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


def decode_body(body: bytes, content_encoding: str, max_bytes: int) -> bytes:
    """Undo the coding of a body.

    Parameters
    ----------
    body : bytes
        As it was sent.
    content_encoding : str
        The header; empty where there is none.
    max_bytes : int
        What it may unpack to.

    Returns
    -------
    bytes
        At most `max_bytes` where it was coded.

    Raises
    ------
    UnsupportedFormat
        Another coding than gzip or deflate, or several.
    ExpandsTooMuch
        Beyond `max_bytes`; no more than that is ever unpacked.
    InvalidRequest
        It is not what the header says, or ends too early or too late.
    """
    name = content_encoding.strip().lower()
    if name in {"", "identity"}:
        return body
    coding = _name_coding(name)
    if coding is None:
        raise UnsupportedFormat("Of content codings, gzip and deflate are read.")
    unpacking = zlib.decompressobj(_WINDOW_BITS[coding])
    try:
        content = unpacking.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise InvalidRequest(f"The body is not {coding}, as its Content-Encoding says.") from error
    if len(content) > max_bytes:
        raise ExpandsTooMuch(f"The body unpacks to more than {max_bytes} bytes.")
    if not unpacking.eof or unpacking.unused_data:
        raise InvalidRequest(f"The body is not one whole {coding} stream.")
    return content


def choose_coding(accept_encoding: str) -> Coding | None:
    """The coding that a client would have, by its ``Accept-Encoding``; None for none, or none that is known here."""
    wished: dict[Coding, float] = {}
    for one in accept_encoding.split(","):
        name, _, parameter = one.partition(";")
        coding = _name_coding(name.strip().lower())
        if coding is not None:
            wished[coding] = _read_quality(parameter)
    best = max(wished, key=lambda coding: wished[coding], default=None)
    return best if best is not None and wished[best] > 0 else None


def encode_body(body: bytes, coding: Coding) -> bytes:
    """The body in a coding."""
    packing = zlib.compressobj(wbits=_WINDOW_BITS[coding])
    return packing.compress(body) + packing.flush()


def _name_coding(name: str) -> Coding | None:
    return next((coding for coding in get_args(Coding) if coding == name), None)


def _read_quality(parameter: str) -> float:
    """The weight of ``q=0.5``; 1 where there is none, 0 where it is none."""
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip().lower() == "q" else 1.0
    except ValueError:
        return 0.0
