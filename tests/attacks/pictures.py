"""Pictures of a few kilobytes that decode to gigabytes, or take long to."""

import io
import struct
import zlib
from functools import cache

import numpy as np
from PIL import Image

from tests.attacks.archives import deflate_nothing
from tests.attacks.attack import ANSWERED, CORRUPT, LARGE, UNSUPPORTED, Attack
from tests.factories import make_huge_png, make_phantom_file, make_picture

_SIDE = 8000


@cache
def _make_canvas(file_format: str, mode: str = "RGBA", **options: object) -> bytes:
    """One pixel less than the limit in megapixels allows."""
    buffer = io.BytesIO()
    Image.new(mode, (_SIDE, _SIDE - 1)).save(buffer, file_format, **options)
    return buffer.getvalue()


def _make_webp() -> bytes:
    return _make_canvas("WEBP", lossless=True, quality=0, method=0)


def _animate_webp(frames: int = 2) -> bytes:
    """The lossless WebP several times, each over the whole canvas."""
    size = (_SIDE - 1).to_bytes(3, "little") + (_SIDE - 2).to_bytes(3, "little")
    frame = _make_chunk(b"ANMF", bytes(6) + size + (100).to_bytes(3, "little") + b"\0" + _make_webp()[12:])
    head = _make_chunk(b"VP8X", b"\x12\0\0\0" + size) + _make_chunk(b"ANIM", bytes(6))
    return _make_chunk(b"RIFF", b"WEBP" + head + frames * frame)


def _make_chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _make_scans(count: int = 20_000) -> bytes:
    """A progressive JPEG whose last scan, a refinement of all its pixels, comes again and again."""
    good = make_picture(np.zeros((4000, 4000), np.uint8), "JPEG", progressive=True)
    last = good[good.rindex(b"\xff\xda") : -2]
    return good[:-2] + last * max(1, min(count, 2**21 // len(last))) + good[-2:]


def _make_png(kind: bytes, content: bytes) -> bytes:
    """A good PNG with a chunk of this kind after its header."""
    good = make_phantom_file("PNG")
    chunk = kind + content
    return good[:33] + struct.pack(">I", len(content)) + chunk + struct.pack(">I", zlib.crc32(chunk)) + good[33:]


def _unpack_nothing() -> bytes:
    return b"\x78\x9c" + deflate_nothing()


def _loop_tiff() -> bytes:
    """A TIFF whose first page is followed by itself."""
    good = bytearray(make_phantom_file("TIFF"))
    begin = struct.unpack_from("<I", good, 4)[0]
    struct.pack_into("<I", good, begin + 2 + 12 * struct.unpack_from("<H", good, begin)[0], begin)
    return bytes(good)


def _lie_in_bmp() -> bytes:
    good = bytearray(make_phantom_file("BMP"))
    struct.pack_into("<ii", good, 18, 7999, -(2**31))
    return bytes(good)


PICTURES: dict[str, Attack] = {
    "WebP, transparent": Attack(_make_webp, (LARGE,)),
    "WebP, animated": Attack(_animate_webp, (LARGE,)),
    "WebP, lossy": Attack(lambda: _make_canvas("WEBP", "RGB", method=0), (LARGE, ANSWERED)),
    "PNG, transparent": Attack(lambda: _make_canvas("PNG"), (LARGE,)),
    "PNG, 16-bit": Attack(lambda: _make_canvas("PNG", "I;16"), (LARGE, ANSWERED)),
    "PNG of 900 megapixels": Attack(make_huge_png, (LARGE,)),
    "TIFF, transparent": Attack(lambda: _make_canvas("TIFF", compression="tiff_adobe_deflate"), (LARGE,)),
    "TIFF, floating-point": Attack(
        lambda: _make_canvas("TIFF", "F", compression="tiff_adobe_deflate"), (LARGE, CORRUPT)
    ),
    "TIFF without an end": Attack(_loop_tiff, (ANSWERED, CORRUPT)),
    "BMP with a negative size": Attack(_lie_in_bmp, (LARGE, CORRUPT)),
    "JPEG of 64 megapixels": Attack(
        lambda: make_picture(np.zeros((8000, 8000), np.uint8), "JPEG", progressive=True), (ANSWERED, LARGE)
    ),
    "JPEG of 64 megapixels, CMYK": Attack(lambda: _make_canvas("JPEG", "CMYK"), (ANSWERED, LARGE)),
    "JPEG of many scans": Attack(_make_scans, (CORRUPT, ANSWERED), within_s=40),
    "PNG with a text of a gigabyte": Attack(lambda: _make_png(b"zTXt", b"a\0\0" + _unpack_nothing()), (CORRUPT,)),
    "PNG with a profile of a gigabyte": Attack(
        lambda: _make_png(b"iCCP", b"a\0\0" + _unpack_nothing()), (ANSWERED, CORRUPT)
    ),
    "head of a picture": Attack(lambda: b"\x89PNG\r\n\x1a\n" + bytes(2**20), (CORRUPT,)),
    "SVG with entities": Attack(
        lambda: b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "' + b"a" * 10**5 + b'">]><svg>&a;&a;</svg>',
        (UNSUPPORTED,),
    ),
}
"""Their names say what they are."""
