"""The scans of a ZIP archive are read within limits, whatever its headers state."""

import struct
import zipfile
from io import BytesIO

import psutil
import pytest

from tumorscope.domain.errors import CorruptFile, ExpandsTooMuch, InputError, NoFile, TooManyFiles
from tumorscope.imaging.formats.archive import unpack_zip
from tumorscope.imaging.source import DecodeLimits, SourceFile

_MIB = 2**20
_LIMITS = DecodeLimits(10**6, 8 * _MIB, 50)


def _pack(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _unpack(data: bytes) -> tuple[list[SourceFile], list[bytes]]:
    return unpack_zip(data, _LIMITS, lambda begin: begin.startswith(b"scan"))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_files_come_out_by_their_last_names(method: int) -> None:
    data = _pack({"study/series/1.dcm": b"one", "study/series/2.dcm": b"two", "x\\y\\3": b"three"}, method)
    scans, others = _unpack(data)
    assert others == []
    assert [(file.name, file.data) for file in scans] == [
        ("1.dcm", b"one"),
        ("2.dcm", b"two"),
        ("3", b"three"),
    ]


def test_what_is_no_scan_is_left_out() -> None:
    hidden = dict.fromkeys(("__MACOSX/._1.dcm", ".DS_Store", "a/.hidden/2.dcm", "empty/"), b"hidden")
    aside = {"README.txt": b"text", "DICOMDIR": b"list", "notes.PDF": b"notes", "1.dcm.nfo": bytes(_MIB), "0.dcm": b""}
    inner = _pack({"2.dcm": b"two"})
    scans, others = _unpack(_pack({"1.dcm": b"one", **hidden, **aside, "more.zip": inner}))
    assert [file.name for file in scans] == ["1.dcm"]
    assert others == [b"text", b"list", b"notes", bytes(4096), b"", inner]


def test_scan_under_the_name_of_a_text_is_read() -> None:
    scan = b"scan" + bytes(5000)
    scans, others = _unpack(_pack({"1.txt": scan, "2.txt": b"text"}))
    assert ([(file.name, file.data) for file in scans], others) == ([("1.txt", scan)], [b"text"])


def test_names_that_climb_out_of_the_archive_do_no_harm() -> None:
    data = _pack({"../../etc/passwd": b"root", "/absolute": b"x", "C:\\windows\\y": b"y"})
    assert [file.name for file in _unpack(data)[0]] == ["passwd", "absolute", "y"]


@pytest.mark.parametrize("files", [{}, {"a.txt": b"text"}, {"inner.zip": _pack({"1.dcm": b"one"})}])
def test_archive_without_a_scan_is_no_file(files: dict[str, bytes]) -> None:
    with pytest.raises(NoFile):
        _unpack(_pack(files))


def test_too_many_files_are_refused() -> None:
    with pytest.raises(TooManyFiles, match="50"):
        _unpack(_pack({f"{i}.dcm": b"x" for i in range(51)}))


def _lie_about_sizes(data: bytes) -> bytes:
    """Say 5 bytes where there are millions, in the local header and in the directory."""
    patched = bytearray(data)
    struct.pack_into("<I", patched, 22, 5)
    struct.pack_into("<I", patched, patched.index(b"PK\x01\x02") + 24, 5)
    return bytes(patched)


_BOMB = _pack({"1.dcm": bytes(200 * _MIB)})


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (_BOMB, ExpandsTooMuch),
        (_lie_about_sizes(_BOMB), CorruptFile),
        (_pack({f"{i}.dcm": bytes(_MIB) for i in range(20)}), ExpandsTooMuch),
    ],
)
def test_bomb_is_stopped_where_the_limit_is(data: bytes, error: type[InputError]) -> None:
    process = psutil.Process()
    before = process.memory_info().rss
    with pytest.raises(error):
        _unpack(data)
    assert process.memory_info().rss - before < 64 * _MIB


def test_locked_archive_is_corrupt() -> None:
    data = bytearray(_pack({"1.dcm": b"one"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(CorruptFile, match="encrypted"):
        _unpack(bytes(data))


def test_damaged_archives_are_corrupt() -> None:
    good = _pack({f"{i}.dcm": bytes(range(256)) * 20 for i in range(3)})
    flipped = bytearray(good)
    flipped[60] ^= 255
    for data in (b"PK\x03\x04", good[: len(good) // 2], good[:-5], bytes(flipped), b"PK\x05\x06" + bytes(3)):
        with pytest.raises(CorruptFile):
            _unpack(data)


def test_damage_within_any_compression_is_corrupt() -> None:
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w", method) as archive:
            archive.writestr("a.dcm", bytes(range(256)) * 64)
        damaged = bytearray(packed.getvalue())
        damaged[45:80] = b"\xff" * 35
        with pytest.raises(CorruptFile):
            _unpack(bytes(damaged))
