"""A request body in a content coding in, the decoded bytes out (RFC 9110, section 8.4)."""

import zlib

from tumorscope.domain.errors import ExpandsTooMuch, InvalidRequest, UnsupportedFormat

# The container around the compressed data, as zlib names it; "deflate" is zlib's own.
_WINDOW_BITS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


def decode_body(body: bytes, content_encoding: str, max_bytes: int) -> bytes:
    """Decode a body by its ``Content-Encoding``, where it has one, to at most `max_bytes`.

    Raises
    ------
    UnsupportedFormat
        The coding is neither gzip nor deflate, or there are several.
    ExpandsTooMuch
        The body decodes to more than `max_bytes`; decoding stops there.
    InvalidRequest
        The body is not what the header says, is truncated, or has data behind its end.
    """
    coding = content_encoding.strip().lower()
    if coding in {"", "identity"}:
        return body
    if coding not in _WINDOW_BITS:
        raise UnsupportedFormat("The content coding is not supported; gzip and deflate are.")
    decompressor = zlib.decompressobj(_WINDOW_BITS[coding])
    try:
        content = decompressor.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise InvalidRequest(f"The body is not {coding}, as its Content-Encoding says.") from error
    if len(content) > max_bytes:
        raise ExpandsTooMuch(f"The body decodes to more than {max_bytes} bytes.")
    if not decompressor.eof or decompressor.unused_data:
        raise InvalidRequest(f"The body is not one whole {coding} stream.")
    return content
