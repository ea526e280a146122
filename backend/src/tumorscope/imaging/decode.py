"""Bytes in, Scan out: the format is told by the first bytes, never by a file name or a MIME type."""

from tumorscope.domain.errors import CorruptFile, UnsupportedFormat
from tumorscope.domain.scan import Slice
from tumorscope.imaging.formats.raster import decode_raster

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
)

ACCEPTED = "PNG, JPEG, BMP, TIFF and WebP pictures"


def decode_picture(data: bytes, max_pixels: int) -> Slice:
    """Decode one file.

    Parameters
    ----------
    data : bytes
        The whole file.
    max_pixels : int
        Largest width x height that is decoded.

    Returns
    -------
    Slice
        The first page or frame.

    Raises
    ------
    CorruptFile
        Empty, truncated or damaged.
    UnsupportedFormat
        The content is of no format that is read here.
    ImageTooLarge
        The header declares more than `max_pixels` pixels.
    """
    if not data:
        raise CorruptFile("The file is empty.")
    pillow_format = _sniff_raster(data)
    if pillow_format is None:
        raise UnsupportedFormat(f"The content is not of a format that is read here: {ACCEPTED}.")
    return decode_raster(data, pillow_format, max_pixels)


def _sniff_raster(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return next((name for magic, name in _MAGIC if data.startswith(magic)), None)
