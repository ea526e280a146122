"""Everything that Pillow does: an image file's bytes in, one grey Slice out; PNGs written, and grids resized."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tumorscope.domain.errors import CorruptFile, ImageTooLarge
from tumorscope.domain.scan import Pixels, Slice
from tumorscope.imaging.scan_warnings import EXIF_ROTATED, FIRST_FRAME, IN_COLOUR, MOSTLY_COLOURED
from tumorscope.imaging.source import Reserve
from tumorscope.imaging.wrap_errors import as_corrupt_file

# `max_pixels` is checked against the header before a pixel is decoded. Pillow's own limit would warn at one size and
# raise at another.
Image.MAX_IMAGE_PIXELS = None

_ORIENTATION_TAG = 0x0112
# 1 is upright; Pillow ignores undefined values above 8.
_ROTATED = range(2, 9)
_PHOTOMETRIC_TAG = 262
_WHITE_IS_ZERO = 0
_SIXTEEN_BIT_MODES = ("I;16", "I;16B", "I;16L", "I;16N")
# Grey scans saved in colour have a mean chroma of 1 or 2 from compression, photographs of 12 or more.
_COLOUR_CHROMA = 12.0
# A scan with a coloured overlay stays below.
_MOSTLY_COLOURED_CHROMA = 24.0


# Measured peaks of decoding, preparing and showing, in bytes a pixel, rounded up: docs/security.md, "Memory".
_PLAIN_BYTES, _FLOAT_BYTES, _TRANSPARENT_BYTES, _WEBP_BYTES = 20, 28, 30, 38
# A progressive JPEG's coefficients, at its whole size however small it is decoded.
_COEFFICIENT_BYTES = 8
# A JPEG of more pixels is decoded at a half, a quarter or an eighth of its size, its shorter side no smaller than this.
_REDUCED_FROM = 16_000_000
_REDUCED_SIDE = 1024


def decode_raster(data: bytes, pillow_format: str, max_pixels: int, reserve: Reserve) -> Slice:
    """Decode the first page of an image file to grey.

    Parameters
    ----------
    data : bytes
        The whole file.
    pillow_format : str
        The only Pillow plug-in that may read it: ``PNG``, ``JPEG``, ``BMP``, ``TIFF`` or ``WEBP``.
    max_pixels : int
        Largest width x height that is decoded.
    reserve : callable
        Told the memory that it takes.

    Returns
    -------
    Slice
        8-bit files give uint8, 16-bit grey gives uint16, 32-bit integer and floating-point grey give float32. A JPEG of
        more than 16 million pixels is decoded at reduced size.

    Raises
    ------
    ImageTooLarge
        The header states more pixels than `max_pixels`; none has been decoded.
    CorruptFile
        Pillow cannot decode it.
    """
    warnings = []
    with (
        as_corrupt_file(f"The {pillow_format} file is damaged. Export it again."),
        _open(data, pillow_format, max_pixels, reserve) as image,
    ):
        if _has_more_frames(image):
            warnings.append(FIRST_FRAME)
        # Before the pixels are loaded: then Pillow rotates a TIFF and drops the tag.
        is_rotated = image.getexif().get(_ORIENTATION_TAG) in _ROTATED
        image.load()
        if is_rotated:
            warnings.append(EXIF_ROTATED)
        pixels, chroma = _grey_pixels(ImageOps.exif_transpose(image), _is_white_zero(image))
        if chroma >= _MOSTLY_COLOURED_CHROMA:
            warnings.append(MOSTLY_COLOURED)
        elif chroma >= _COLOUR_CHROMA:
            warnings.append(IN_COLOUR)
        return Slice(pixels, source_format=pillow_format.lower(), warnings=tuple(warnings))


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """An 8-bit grey PNG of pixels, shape (height, width)."""
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def resize_antialiased(values: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """Resize values, shape (n, m), with Pillow's bilinear filter: a triangle as wide as the reduction."""
    resized = Image.fromarray(np.ascontiguousarray(values)).resize((columns, rows), Image.Resampling.BILINEAR)
    return np.asarray(resized)


def average_blocks(values: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """Reduce a grid to the means of blocks of `rows` x `columns` cells; a last partial block is left out."""
    height, width = values.shape
    box = (0, 0, width // columns * columns, height // rows * rows)
    return np.asarray(Image.fromarray(np.ascontiguousarray(values)).reduce((columns, rows), box))


def _open(data: bytes, pillow_format: str, max_pixels: int, reserve: Reserve) -> Image.Image:
    """Open a file; its size is checked and its memory reserved before any is allocated."""
    if pillow_format == "WEBP":
        # Pillow allocates the canvas, and one more for animations, when it opens the file.
        reserve(_WEBP_BYTES * _count_pixels(*_find_webp_size(data), max_pixels))
        return Image.open(BytesIO(data), formats=[pillow_format])
    image = Image.open(BytesIO(data), formats=[pillow_format])
    pixels = _count_pixels(*image.size, max_pixels)
    if pillow_format == "JPEG":
        reserve(_COEFFICIENT_BYTES * pixels)
        if pixels > _REDUCED_FROM:
            image.draft(None, (_REDUCED_SIDE, _REDUCED_SIDE))
            pixels = image.width * image.height
    bytes_a_pixel = _FLOAT_BYTES if image.mode in ("I", "F") else _PLAIN_BYTES
    reserve((_TRANSPARENT_BYTES if image.has_transparency_data else bytes_a_pixel) * pixels)
    return image


def _count_pixels(width: int, height: int, max_pixels: int) -> int:
    if width * height > max_pixels:
        raise ImageTooLarge(
            f"The image has {width} x {height} pixels; up to {max_pixels // 10**6} million are read. "
            "Export the slice at its original resolution."
        )
    return width * height


def _find_webp_size(data: bytes) -> tuple[int, int]:
    """Width and height of the canvas (RFC 9649, section 2)."""
    match data[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":
            return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
    raise CorruptFile("The WEBP file is damaged. Export it again.")


def _has_more_frames(image: Image.Image) -> bool:
    """Whether a second page or frame follows; the chain of a TIFF's pages is not followed to its end."""
    if image.format != "TIFF":
        return bool(getattr(image, "is_animated", False))
    try:
        image.seek(1)
    except EOFError:
        return False
    image.seek(0)
    return True


def _is_white_zero(image: Image.Image) -> bool:
    """Whether 16-bit TIFF samples store white as zero; Pillow inverts 8-bit samples only."""
    tags = getattr(image, "tag_v2", None)
    return tags is not None and image.mode in _SIXTEEN_BIT_MODES and tags.get(_PHOTOMETRIC_TAG) == _WHITE_IS_ZERO


def _grey_pixels(image: Image.Image, white_is_zero: bool) -> tuple[Pixels, float]:
    """Grey pixels, shape (height, width), transparent parts black; and the mean chroma that was dropped."""
    if image.mode in _SIXTEEN_BIT_MODES:
        wide = np.asarray(image).astype(np.uint16)
        wide = np.uint16(65535) - wide if white_is_zero else wide
        if image.has_transparency_data:
            wide[wide == image.info["transparency"]] = 0
        return wide, 0.0
    if image.mode in ("I", "F"):
        return _float_pixels(np.asarray(image, dtype=np.float32)), 0.0
    if image.mode in ("1", "L") and not image.has_transparency_data:
        return np.asarray(image.convert("L")), 0.0
    if image.has_transparency_data:
        # A transparent background stands for air, which is black.
        layer = image.convert("RGBA")
        canvas = Image.new("RGBA", layer.size, (0, 0, 0, 255))
        canvas.alpha_composite(layer)
        colour = canvas.convert("RGB")
    else:
        colour = image.convert("RGB")
    return np.asarray(colour.convert("L")), _measure_chroma(colour)


def _float_pixels(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Replace NaN and infinities by the smallest finite value."""
    finite = np.isfinite(pixels)
    if finite.all():
        return pixels
    if not finite.any():
        raise ValueError("no finite pixel")
    return np.where(finite, pixels, pixels[finite].min()).astype(np.float32)


def _measure_chroma(image: Image.Image) -> float:
    sample = image.copy()
    sample.thumbnail((64, 64))
    channels = np.asarray(sample, dtype=np.float32)
    return float((channels.max(axis=2) - channels.min(axis=2)).mean())
