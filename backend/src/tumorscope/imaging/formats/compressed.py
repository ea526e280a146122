"""Bytes that may be behind gzip or bzip2 in, the first of what they hold out: never more than is asked for."""

import bz2
import gzip
import zlib
from io import BytesIO

from tumorscope.domain.errors import CorruptFile

_GZIP_MAGIC, _BZIP2_MAGIC = b"\x1f\x8b", b"BZh"
# With the longest name.
_GZIP_HEADER_BYTES = 65_536


def is_gzip(data: bytes) -> bool:
    """Whether a file begins like gzip."""
    return data.startswith(_GZIP_MAGIC)


def read_begin(data: bytes, size: int) -> bytes:
    """The first bytes, inflated if they are behind gzip; fewer where the file is short or damaged."""
    if not is_gzip(data):
        return data[:size]
    try:
        engine = zlib.decompressobj(zlib.MAX_WBITS | 16)
        return engine.decompress(data[: _GZIP_HEADER_BYTES + 2 * size], size)
    except zlib.error:
        return b""


def read_content(data: bytes, size: int) -> bytes | bytearray:
    """At least so many bytes, decompressed if they are behind gzip or bzip2.

    Raises
    ------
    CorruptFile
        There are fewer, or they are damaged.
    """
    content: bytes | bytearray = data
    if data.startswith((_GZIP_MAGIC, _BZIP2_MAGIC)):
        content, read, packed = bytearray(size), 0, BytesIO(data)
        try:
            with gzip.GzipFile(fileobj=packed) if is_gzip(data) else bz2.BZ2File(packed) as stream:
                while read < size and (more := stream.readinto(memoryview(content)[read:])):
                    read += more
                # Reading past the last byte, and what little may follow the voxels, verifies the checksum.
                stream.read(_GZIP_HEADER_BYTES)
        except (OSError, EOFError, zlib.error) as error:
            raise CorruptFile("The compressed file is damaged or truncated. Compress or export it again.") from error
        content = content if read == size else content[:read]
    if len(content) < size:
        raise CorruptFile("The file is shorter than its header states. Export it again.")
    return content
