"""Every pixel format becomes grey, larger is brighter, at the depth of the file."""

from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.factories import make_picture
from tumorscope.domain.scan import Slice
from tumorscope.imaging.decode import decode_image

_RAMP = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
_WIDE = _RAMP.astype(np.uint16) * 257 + 3
# White in the upper half, where it shall be transparent; 100 below.
_HALVES = np.repeat(np.array([255, 100], np.uint8), 4)[:, None].repeat(8, axis=1)


def _decode(data: bytes) -> Slice:
    return decode_image(data, 10**6)


def _save(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def _with_zero_as_white(tiff: bytes) -> bytes:
    """A grey little-endian TIFF, its samples untouched, its PhotometricInterpretation turned from 1 to 0."""
    entry = b"\x06\x01\x03\x00\x01\x00\x00\x00"
    assert tiff.count(entry + b"\x01\x00") == 1
    return tiff.replace(entry + b"\x01\x00", entry + b"\x00\x00")


@pytest.mark.parametrize("file_format", ["PNG", "BMP", "TIFF"])
def test_lossless_grey_keeps_its_pixels(file_format: str) -> None:
    scan = _decode(make_picture(_RAMP, file_format))
    assert scan.pixels.dtype == np.uint8
    np.testing.assert_array_equal(scan.pixels, _RAMP)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
@pytest.mark.parametrize("order", ["<u2", ">u2"], ids=["little-endian", "big-endian"])
def test_sixteen_bits_are_kept(file_format: str, order: str) -> None:
    scan = _decode(make_picture(_WIDE.astype(order), file_format))
    assert scan.pixels.dtype == np.uint16
    np.testing.assert_array_equal(scan.pixels, _WIDE)


@pytest.mark.parametrize("pixels", [_RAMP, _WIDE], ids=["8 bits", "16 bits"])
def test_tiff_whose_zero_is_white_is_inverted(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
    scan = _decode(_with_zero_as_white(make_picture(pixels, "TIFF")))
    assert scan.pixels.dtype == pixels.dtype
    np.testing.assert_array_equal(scan.pixels, np.iinfo(pixels.dtype).max - pixels)


def test_palette_is_resolved_to_brightness() -> None:
    image = Image.fromarray(_RAMP // 64, "P")
    image.putpalette([value for grey in (200, 10, 90, 255) for value in (grey,) * 3])
    np.testing.assert_array_equal(_decode(_save(image, "PNG")).pixels, np.array([200, 10, 90, 255])[_RAMP // 64])


def test_bilevel_becomes_black_and_white() -> None:
    bilevel = Image.fromarray(_RAMP > 100)
    np.testing.assert_array_equal(_decode(_save(bilevel, "PNG")).pixels, np.where(_RAMP > 100, 255, 0))


def test_cmyk_jpeg_becomes_grey() -> None:
    data = _save(Image.new("RGB", (16, 16), (120, 120, 120)).convert("CMYK"), "JPEG")
    assert abs(int(_decode(data).pixels.mean()) - 120) < 6


def test_whole_numbers_of_32_bits_become_floating_point() -> None:
    scan = _decode(make_picture(_RAMP.astype(np.int32) * 1000 - 5, "TIFF"))
    assert scan.pixels.dtype == np.float32
    np.testing.assert_array_equal(scan.pixels, _RAMP.astype(np.float32) * 1000 - 5)


def test_floating_point_tiff_loses_only_what_is_not_finite() -> None:
    pixels = _RAMP.astype(np.float32) - 7
    pixels[0, :3] = np.nan, np.inf, -np.inf
    scan = _decode(make_picture(pixels, "TIFF"))
    assert scan.pixels.dtype == np.float32
    np.testing.assert_array_equal(scan.pixels[0, :3], pixels[0, 3])
    np.testing.assert_array_equal(scan.pixels.ravel()[3:], pixels.ravel()[3:])


def test_half_transparent_parts_are_half_as_bright() -> None:
    rgba = np.full((8, 8, 4), 200, np.uint8)
    rgba[:, :, 3] = 128
    assert abs(int(_decode(make_picture(rgba)).pixels[0, 0]) - 100) <= 1


def _transparent_white(mode: str) -> bytes:
    """`_HALVES` with its white made transparent, in one of the ways that PNG has."""
    if mode in ("RGBA", "LA"):
        image = Image.fromarray(_HALVES).convert(mode)
        image.putalpha(Image.fromarray(np.where(_HALVES == 255, 0, 255).astype(np.uint8)))
        return _save(image, "PNG")
    if mode == "I;16":
        return _save(Image.fromarray(_HALVES.astype(np.uint16) * 257), "PNG", transparency=65535)
    transparency = {"RGB": (255, 255, 255), "L": 255, "P": 255}[mode]
    return _save(Image.fromarray(_HALVES).convert(mode), "PNG", transparency=transparency)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "RGB", "P", "L", "I;16"])
def test_transparent_parts_become_black(mode: str) -> None:
    pixels = _decode(_transparent_white(mode)).pixels
    assert not pixels[:4].any()
    assert pixels[4:].min() > 0


def test_colour_is_dropped_and_only_then_warned_of() -> None:
    colour = np.repeat(_RAMP[:, :, None], 3, axis=2)
    assert _decode(make_picture(colour)).warnings == ()
    np.testing.assert_array_equal(_decode(make_picture(colour)).pixels, _RAMP)
    colour[..., 0] = 250
    assert [warning.code for warning in _decode(make_picture(colour)).warnings] == ["mostly_coloured"]


def test_scan_with_a_little_colour_is_distinguished_from_a_colour_image() -> None:
    tinted = np.repeat(_RAMP[:, :, None], 3, axis=2) // 2
    tinted[..., 0] += 18
    assert [warning.code for warning in _decode(make_picture(tinted)).warnings] == ["colour_picture"]


def test_traces_of_chroma_from_compression_are_no_colour() -> None:
    noisy = np.repeat(_RAMP[:, :, None], 3, axis=2) // 2 + 60
    noisy[::2, :, 0] += 3
    assert _decode(make_picture(noisy)).warnings == ()
