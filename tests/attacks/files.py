"""Requests that are small to send and were made to cost much, each with the answers that it may get."""

import gzip
import io
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from PIL import Image
from pydicom.uid import DeflatedExplicitVRLittleEndian

from tests.factories import make_dicom_bytes, make_nifti_bytes, make_phantom_file, make_picture
from tumorscope.imaging.phantom import draw_phantom

_CORRUPT = "422 corrupt_file"
_EXPANDS = "413 expands_too_much"
_LARGE = "413 image_too_large"
_MANY = "413 too_many_files"
_ANSWERED = "200"


@dataclass(frozen=True)
class Attack:
    """One request.

    Parameters
    ----------
    make : callable
        Its body.
    answers : tuple of str
        Status and code of each answer that is right; that the service is overloaded is always right.
    path : str
        It is posted to.
    headers : mapping of str to str
        Of the request.
    """

    make: Callable[[], bytes]
    answers: tuple[str, ...]
    path: str = "/predict"
    headers: Mapping[str, str] = field(default_factory=dict)


def make_tags(count: int = 4_000_000) -> bytes:
    """A deflated DICOM file of so many empty elements, in a few kilobytes."""
    whole = make_dicom_bytes(np.ones((4, 4), np.uint16), DeflatedExplicitVRLittleEndian)
    end = 132 + 12 + struct.unpack_from("<I", whole, 140)[0]
    engine = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return whole[:end] + engine.compress(struct.pack("<HH2sH", 9, 0x1001, b"LO", 0) * count) + engine.flush()


def make_archive(*files: bytes, method: int = zipfile.ZIP_STORED, name: str = "{}.dcm") -> bytes:
    """A ZIP of files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for number, data in enumerate(files):
            archive.writestr(name.format(number), data)
    return packed.getvalue()


def _make_directory(count: int = 500_000) -> bytes:
    """A ZIP with one file and a central directory of many."""
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, count * len(entry), len(local), 0)
    return local + entry * count + end


def _deflate_nothing() -> bytes:
    """A gigabyte of zeros in a megabyte; one part again and again, which is faster than to deflate all of it."""
    engine = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return 64 * (engine.compress(bytes(2**24)) + engine.flush(zlib.Z_FULL_FLUSH)) + b"\3\0"


def _make_bomb() -> bytes:
    content = _deflate_nothing()
    facts = struct.pack("<5H3I2H", 20, 0, 8, 0, 0, 0, len(content), 2**30, 1, 0)
    local = b"PK\3\4" + facts + b"a" + content
    entry = b"PK\1\2" + struct.pack("<H", 20) + facts + struct.pack("<3H2I", 0, 0, 0, 0, 0) + b"a"
    return local + entry + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(entry), len(local), 0)


def _damage_lzma() -> bytes:
    good = make_archive(make_dicom_bytes(draw_phantom(1, True, 64).astype(np.uint16)), method=zipfile.ZIP_LZMA)
    middle = len(good) // 2
    return good[:middle] + bytes(byte ^ 0xA5 for byte in good[middle : middle + 64]) + good[middle + 64 :]


def _make_canvas(file_format: str, side: int = 8000, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGBA", (side, side - 1)).save(buffer, file_format, **options)
    return buffer.getvalue()


def _make_animation() -> bytes:
    frames = [Image.new("RGBA", (8000, 7999), (0, shade, 0, shade)) for shade in (10, 200)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], lossless=True, quality=0, method=0)
    return buffer.getvalue()


def _make_scans(count: int = 20_000) -> bytes:
    """A progressive JPEG whose last scan, a refinement of all its pixels, comes again and again."""
    good = make_picture(np.zeros((4000, 4000), np.uint8), "JPEG", progressive=True)
    last = good[good.rindex(b"\xff\xda") : -2]
    return good[:-2] + last * max(1, min(count, 2**21 // len(last))) + good[-2:]


def _make_png(kind: bytes, content: bytes) -> bytes:
    good = make_phantom_file("PNG")
    chunk = kind + content
    return good[:33] + struct.pack(">I", len(content)) + chunk + struct.pack(">I", zlib.crc32(chunk)) + good[33:]


def _make_volume(shape: tuple[int, int, int], compressed: bool = True) -> bytes:
    return make_nifti_bytes(np.zeros(shape, np.uint8), compressed=compressed)


def _lie_about_size() -> bytes:
    header = bytearray(_make_volume((4, 4, 4), compressed=False))
    struct.pack_into("<4h", header, 40, 3, 32_000, 32_000, 32_000)
    return bytes(header)


def _make_numbers() -> bytes:
    """Of 12.5 million numbers, in 24 kB."""
    data = b"[" + b"0," * 12_500_000 + b"0]"
    name = b'{"inputs":[{"name":"image","shape":[1,1],"datatype":"FP32","data":'
    return gzip.compress(name + data + b"}]}")


ATTACKS: dict[str, Attack] = {
    "deflated DICOM of four million elements": Attack(make_tags, (_CORRUPT, _LARGE)),
    "ZIP of 130 of these": Attack(lambda: make_archive(*[make_tags()] * 130), (_CORRUPT, _LARGE)),
    "DICOM of 10⁹ frames": Attack(
        lambda: make_dicom_bytes(np.ones((4, 4), np.uint16), NumberOfFrames=10**9), (_CORRUPT, _EXPANDS, _ANSWERED)
    ),
    "ZIP with a directory of 500,000 entries": Attack(_make_directory, (_MANY,)),
    "ZIP of a gigabyte of nothing": Attack(_make_bomb, (_EXPANDS, _LARGE)),
    "ZIP in a ZIP": Attack(lambda: make_archive(make_archive(b"x"), name="{}.zip"), ("400 no_file",)),
    "ZIP with a way out": Attack(lambda: make_archive(b"x", name="../../{}"), ("415 unsupported_format",)),
    "damaged LZMA in a ZIP": Attack(_damage_lzma, (_CORRUPT,)),
    "WebP, transparent": Attack(lambda: _make_canvas("WEBP", lossless=True, quality=0, method=0), (_LARGE,)),
    "WebP, animated": Attack(_make_animation, (_LARGE,)),
    "PNG, transparent": Attack(lambda: _make_canvas("PNG"), (_LARGE,)),
    "TIFF, transparent": Attack(lambda: _make_canvas("TIFF", compression="tiff_adobe_deflate"), (_LARGE,)),
    "JPEG of 64 megapixels": Attack(
        lambda: make_picture(np.zeros((8000, 8000), np.uint8), "JPEG", progressive=True), (_ANSWERED, _LARGE)
    ),
    "JPEG of many scans": Attack(_make_scans, (_CORRUPT, _ANSWERED)),
    "PNG with a text of a gigabyte": Attack(
        lambda: _make_png(b"zTXt", b"a\0\0" + b"\x78\x9c" + _deflate_nothing()), (_CORRUPT,)
    ),
    "PNG with a profile of a gigabyte": Attack(
        lambda: _make_png(b"iCCP", b"a\0\0" + b"\x78\x9c" + _deflate_nothing()), (_ANSWERED, _CORRUPT)
    ),
    "NIfTI of 32,767 slices": Attack(lambda: _make_volume((32, 32, 32_767)), ("413 too_many_slices",)),
    "NIfTI that is shorter than it says": Attack(_lie_about_size, (_EXPANDS, _LARGE)),
    "NIfTI of what is no number": Attack(
        lambda: make_nifti_bytes(np.full((32, 32, 32), np.nan, np.float32)), (_CORRUPT, _ANSWERED)
    ),
    "millions of numbers in JSON": Attack(
        _make_numbers,
        ("422 invalid_request", "404 unknown_model", _EXPANDS, "413 upload_too_large"),
        "/v2/models/tumorscope-vgg16/infer",
        {"Content-Encoding": "gzip", "Content-Type": "application/json"},
    ),
    "JSON nested 100,000 deep": Attack(
        lambda: json.dumps("").encode().join([b"[" * 100_000, b"]" * 100_000]),
        ("422 invalid_request", "404 unknown_model"),
        "/v2/models/tumorscope-vgg16/infer",
        {"Content-Type": "application/json"},
    ),
    "LZMA that is no scan": Attack(lambda: lzma.compress(b"x"), ("415 unsupported_format",)),
}
