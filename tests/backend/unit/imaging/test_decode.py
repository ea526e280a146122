"""Picture files, told by their content, become grey slices; nothing but an InputError comes out of a bad one."""

import contextlib
import time
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from tests.factories import make_huge_png, make_phantom_file, make_picture
from tumorscope.domain.errors import CorruptFile, ImageTooLarge, InputError, UnsupportedFormat
from tumorscope.domain.scan import Slice
from tumorscope.imaging.decode import decode_scan

_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP")
_RAMP = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4


def _decode(data: bytes) -> Slice:
    return decode_scan(data, 64_000_000)


def _save(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def _codes(scan: Slice) -> list[str]:
    return [warning.code for warning in scan.warnings]


@pytest.mark.parametrize("file_format", _FORMATS)
def test_format_is_told_by_the_content(file_format: str) -> None:
    assert _decode(make_phantom_file(file_format)).source_format == file_format.lower()


@pytest.mark.parametrize("file_format", ["PNG", "BMP", "TIFF"])
def test_lossless_grey_keeps_its_pixels(file_format: str) -> None:
    scan = _decode(make_picture(_RAMP, file_format))
    assert scan.pixels.dtype == np.uint8
    np.testing.assert_array_equal(scan.pixels, _RAMP)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_sixteen_bits_are_kept(file_format: str) -> None:
    wide = _RAMP.astype(np.uint16) * 257
    scan = _decode(make_picture(wide, file_format))
    assert scan.pixels.dtype == np.uint16
    np.testing.assert_array_equal(scan.pixels, wide)


def test_wide_tiff_whose_zero_is_white_is_inverted() -> None:
    wide = _RAMP.astype(np.uint16) * 257
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[262] = 0
    np.testing.assert_array_equal(_decode(_save(Image.fromarray(wide), "TIFF", tiffinfo=tags)).pixels, 65535 - wide)


def test_palette_is_resolved_to_brightness() -> None:
    image = Image.fromarray(_RAMP // 64, "P")
    image.putpalette([value for grey in (200, 10, 90, 255) for value in (grey,) * 3])
    np.testing.assert_array_equal(_decode(_save(image, "PNG")).pixels, np.array([200, 10, 90, 255])[_RAMP // 64])


def test_transparent_parts_become_black() -> None:
    rgba = np.full((8, 8, 4), 200, np.uint8)
    rgba[:4, :, 3] = 0
    rgba[4:, :, 3] = 255
    pixels = _decode(make_picture(rgba)).pixels
    assert (pixels[:4] == 0).all()
    assert (pixels[4:] == 200).all()


def test_grey_with_alpha_becomes_black_where_transparent() -> None:
    image = Image.merge("LA", (Image.new("L", (4, 4), 180), Image.new("L", (4, 4), 0)))
    assert (_decode(_save(image, "PNG")).pixels == 0).all()


def test_bilevel_becomes_black_and_white() -> None:
    assert set(np.unique(_decode(_save(Image.fromarray(_RAMP).convert("1"), "PNG")).pixels)) == {0, 255}


def test_cmyk_jpeg_becomes_grey() -> None:
    data = _save(Image.new("RGB", (16, 16), (120, 120, 120)).convert("CMYK"), "JPEG")
    assert abs(int(_decode(data).pixels.mean()) - 120) < 6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_and_said(orientation: int) -> None:
    upright = np.zeros((16, 24), np.uint8)
    upright[:4, :4] = 255
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = Image.fromarray(upright)
    stored = image.transpose(undo[orientation]) if orientation in undo else image
    exif = Image.Exif()
    exif[0x0112] = orientation
    scan = _decode(_save(stored, "PNG", exif=exif))
    np.testing.assert_array_equal(scan.pixels, upright)
    assert _codes(scan) == ([] if orientation == 1 else ["exif_rotated"])


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF"])
def test_first_of_several_pictures_is_read_and_said(file_format: str) -> None:
    first, second = Image.new("L", (8, 8), 40), Image.new("L", (8, 8), 220)
    options = {"lossless": True} if file_format == "WEBP" else {}
    scan = _decode(_save(first, file_format, save_all=True, append_images=[second], **options))
    assert _codes(scan) == ["multiple_frames"]
    assert abs(int(scan.pixels.mean()) - 40) <= 2


def test_floating_point_tiff_loses_only_what_is_not_finite() -> None:
    pixels = _RAMP.astype(np.float32) - 7
    pixels[0, 0], pixels[0, 1] = np.nan, np.inf
    scan = _decode(make_picture(pixels, "TIFF"))
    assert np.isfinite(scan.pixels).all()
    np.testing.assert_array_equal(scan.pixels[1:], pixels[1:])


def test_colour_is_dropped_and_said_only_where_there_was_some() -> None:
    grey = np.repeat(_RAMP[:, :, None], 3, axis=2)
    assert _codes(_decode(make_picture(grey))) == []
    grey[..., 0] = 250
    assert _codes(_decode(make_picture(grey))) == ["colour_picture"]


def test_huge_picture_is_refused_by_its_header() -> None:
    data = make_huge_png()
    started = time.monotonic()
    with pytest.raises(ImageTooLarge):
        _decode(data)
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("data", [b"GIF89a" + bytes(50), b"%PDF-1.7", b"Dear colleague", b"\x00" * 500])
def test_other_content_is_unsupported(data: bytes) -> None:
    with pytest.raises(UnsupportedFormat):
        _decode(data)


def test_nothing_is_a_corrupt_file() -> None:
    with pytest.raises(CorruptFile):
        _decode(b"")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("file_format", _FORMATS)
def test_damage_gives_an_input_error_or_a_slice_never_anything_else(file_format: str) -> None:
    rng = np.random.default_rng(5)
    good = make_phantom_file(file_format, size=64)
    for length in np.linspace(1, len(good) - 1, 20).astype(int):
        _decode_damaged(good[:length])
    for _ in range(150):
        damaged = bytearray(good)
        for position in rng.integers(0, min(len(good), 400), 3):
            damaged[position] = int(rng.integers(256))
        _decode_damaged(bytes(damaged))


def _decode_damaged(data: bytes) -> None:
    with contextlib.suppress(InputError):
        assert decode_scan(data, 10**6).pixels.ndim == 2
