"""The format is told by the first bytes alone; what is of none is refused in words of its own."""

import pytest

from tests.factories import make_phantom_file
from tumorscope.domain.errors import CorruptFile, UnsupportedFormat
from tumorscope.imaging.decode import decode_image

_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP")


@pytest.mark.parametrize("file_format", _FORMATS)
def test_format_is_told_by_the_content(file_format: str) -> None:
    scan = decode_image(make_phantom_file(file_format), 10**6)
    assert (scan.source_format, scan.height, scan.width) == (file_format.lower(), 256, 256)


_GIF = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"
_OTHER = {
    "gif": _GIF,
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
    "text": b"Dear colleague",
    "zeros": bytes(500),
    "dicom": bytes(128) + b"DICM",
    "sound": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "one byte": b"\x89",
}


@pytest.mark.parametrize("name", _OTHER)
def test_other_content_is_unsupported(name: str) -> None:
    with pytest.raises(UnsupportedFormat, match="PNG, JPEG, BMP, TIFF and WebP"):
        decode_image(_OTHER[name], 10**6)


def test_empty_file_is_corrupt() -> None:
    with pytest.raises(CorruptFile, match="empty"):
        decode_image(b"", 10**6)


def test_bytes_behind_the_picture_do_not_matter() -> None:
    assert decode_image(make_phantom_file() + b"%PDF", 10**6).source_format == "png"


@pytest.mark.parametrize("magic", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"II*\x00", b"MM\x00*"])
def test_magic_without_a_picture_is_a_corrupt_file(magic: bytes) -> None:
    with pytest.raises(CorruptFile):
        decode_image(magic + b"nothing of the kind", 10**6)
