"""Archives that unpack to much, or to somewhere else, or lie about what they hold."""

import gzip
import io
import lzma
import stat
import struct
import zipfile
import zlib

import numpy as np

from tests.attacks.attack import ANSWERED, CORRUPT, EXPANDS, LARGE, MANY, UNSUPPORTED, Attack
from tests.factories import make_dicom_bytes
from tumorscope.imaging.phantom import draw_phantom

_STORED, _DEFLATED = 0, 8
_NOTHING = ("400 no_file", UNSUPPORTED)


def make_archive(*files: bytes, method: int = zipfile.ZIP_STORED, name: str = "{}.dcm") -> bytes:
    """A ZIP of files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for number, data in enumerate(files):
            archive.writestr(name.format(number), data)
    return packed.getvalue()


def deflate_nothing() -> bytes:
    """A gigabyte of zeros in a megabyte; one part again and again, which is faster than to deflate all of it."""
    engine = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return 64 * (engine.compress(bytes(2**24)) + engine.flush(zlib.Z_FULL_FLUSH)) + b"\3\0"


def _write_zip(
    content: bytes, size: int, method: int = _DEFLATED, entries: int = 1, stated: int | None = None
) -> bytes:
    """A ZIP of one file, whose directory lists it several times and may state another number."""
    facts = struct.pack("<5H3I2H", 20, 0, method, 0, 0, zlib.crc32(content), len(content), size, 1, 0)
    local = b"PK\3\4" + facts + b"a" + content
    directory = entries * (b"PK\1\2" + struct.pack("<H", 20) + facts + struct.pack("<3H2I", 0, 0, 0, 0, 0) + b"a")
    count = min(stated or entries, 0xFFFF)
    return local + directory + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(directory), len(local), 0)


def _make_links() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, target in enumerate(("/etc/passwd", "../../../../proc/self/environ", ".")):
            link = zipfile.ZipInfo(f"{number}.dcm")
            link.create_system = 3
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, target)
    return packed.getvalue()


def _damage_lzma() -> bytes:
    good = make_archive(make_dicom_bytes(draw_phantom(1, True, 64).astype(np.uint16)), method=zipfile.ZIP_LZMA)
    middle = len(good) // 2
    return good[:middle] + bytes(byte ^ 0xA5 for byte in good[middle : middle + 64]) + good[middle + 64 :]


def _encrypt() -> bytes:
    return (
        make_archive(b"x" * 20)
        .replace(b"PK\3\4\x14\0\0\0", b"PK\3\4\x14\0\1\0")
        .replace(b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0")
    )


ARCHIVES: dict[str, Attack] = {
    "ZIP with a directory of 500,000 entries": Attack(lambda: _write_zip(b"", 0, entries=500_000), (MANY,)),
    "ZIP that overlaps itself": Attack(
        lambda: _write_zip(zlib.compress(bytes(2**24), 9)[2:-4], 2**24, entries=1500), (EXPANDS, LARGE, CORRUPT)
    ),
    "ZIP that states fewer entries": Attack(
        lambda: _write_zip(b"", 0, entries=100_000, stated=1), (MANY, CORRUPT, *_NOTHING)
    ),
    "ZIP of a gigabyte of nothing": Attack(lambda: _write_zip(deflate_nothing(), 2**30), (EXPANDS, LARGE)),
    "ZIP that says it is small": Attack(lambda: _write_zip(deflate_nothing(), 16), (EXPANDS, LARGE, CORRUPT)),
    "ZIP that says it is stored": Attack(
        lambda: _write_zip(b"x", 2**31, _STORED), (EXPANDS, LARGE, CORRUPT, UNSUPPORTED)
    ),
    "ZIP in a ZIP": Attack(lambda: make_archive(make_archive(b"x"), name="{}.zip"), ("400 no_file",)),
    "ZIP with a way out": Attack(lambda: make_archive(b"x", name="../../{}"), (UNSUPPORTED,)),
    "ZIP with a way to the root": Attack(lambda: make_archive(b"x", name="/etc/cron.d/{}"), (UNSUPPORTED,)),
    "ZIP of symbolic links": Attack(_make_links, _NOTHING),
    "ZIP of 50,000 empty files": Attack(lambda: make_archive(*[b""] * 50_000), (MANY,)),
    "ZIP under a password": Attack(_encrypt, (CORRUPT, *_NOTHING)),
    "damaged LZMA in a ZIP": Attack(_damage_lzma, (CORRUPT,)),
    "LZMA that is no scan": Attack(lambda: lzma.compress(b"x"), (UNSUPPORTED,)),
    "gzip in gzip in gzip": Attack(
        lambda: gzip.compress(gzip.compress(gzip.compress(bytes(2**28), 1), 9), 9), (UNSUPPORTED, CORRUPT, EXPANDS)
    ),
    "head of an archive": Attack(lambda: b"PK\3\4" + bytes(2**20), (CORRUPT, UNSUPPORTED)),
    "ZIP of a picture, 300 times": Attack(
        lambda: make_archive(*[make_dicom_bytes(draw_phantom(1, True, 64).astype(np.uint16))] * 300),
        (ANSWERED, CORRUPT, "400 mixed_study"),
    ),
}
"""Their names say what they are."""
