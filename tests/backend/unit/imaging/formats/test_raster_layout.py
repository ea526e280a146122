"""Which image of a file is read, in which orientation, and with which warnings."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tumorscope.domain.scan import Slice
from tumorscope.imaging.decode import decode_image

_WITH_EXIF = ("PNG", "JPEG", "TIFF", "WEBP")
_UPRIGHT = np.zeros((16, 24), np.uint8)
_UPRIGHT[:8, :8] = 255
# What was done to the upright picture, so that the tag's value puts it right.
_STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def _tagged(file_format: str, orientation: int) -> bytes:
    image = Image.fromarray(_UPRIGHT)
    step = _STORED.get(orientation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, dict[str, Any]] = {
        "TIFF": {"tiffinfo": {0x0112: orientation}},
        "WEBP": {"exif": exif, "lossless": True},
    }
    buffer = BytesIO()
    stored = image if step is None else image.transpose(step)
    stored.save(buffer, file_format, **options.get(file_format, {"exif": exif}))
    return buffer.getvalue()


def _codes(scan: Slice) -> list[str]:
    return [warning.code for warning in scan.warnings]


@pytest.mark.parametrize("file_format", _WITH_EXIF)
@pytest.mark.parametrize("orientation", _STORED)
def test_orientation_is_applied(file_format: str, orientation: int) -> None:
    scan = decode_image(_tagged(file_format, orientation), 10**6)
    np.testing.assert_array_equal(scan.pixels > 128, _UPRIGHT > 128)


@pytest.mark.parametrize("file_format", _WITH_EXIF)
def test_rotated_image_gives_a_warning(file_format: str) -> None:
    assert [_codes(decode_image(_tagged(file_format, value), 10**6)) for value in _STORED] == [
        [] if value == 1 else ["exif_rotated"] for value in _STORED
    ]


@pytest.mark.parametrize("orientation", [0, 9])
def test_orientation_that_does_not_exist_turns_nothing_and_says_nothing(orientation: int) -> None:
    scan = decode_image(_tagged("PNG", orientation), 10**6)
    np.testing.assert_array_equal(scan.pixels, _UPRIGHT)
    assert _codes(scan) == []


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF"])
def test_first_of_several_images_is_read_with_a_warning(file_format: str) -> None:
    pictures = [Image.new("L", (8, 8), level) for level in (40, 220, 130)]
    options = {"lossless": True} if file_format == "WEBP" else {}
    buffer = BytesIO()
    pictures[0].save(buffer, file_format, save_all=True, append_images=pictures[1:], **options)
    scan = decode_image(buffer.getvalue(), 10**6)
    assert _codes(scan) == ["multiple_frames"]
    assert abs(int(scan.pixels.mean()) - 40) <= 2


def test_pages_may_differ_in_size() -> None:
    buffer = BytesIO()
    Image.new("L", (8, 6), 40).save(buffer, "TIFF", save_all=True, append_images=[Image.new("L", (3000, 3000), 220)])
    scan = decode_image(buffer.getvalue(), 100)
    assert (scan.height, scan.width) == (6, 8)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF"])
def test_single_image_gives_no_warning(file_format: str) -> None:
    buffer = BytesIO()
    Image.new("L", (8, 8), 40).save(buffer, file_format)
    assert _codes(decode_image(buffer.getvalue(), 10**6)) == []
