"""A damaged file raises only an InputError, and a huge one is refused by its header."""

import contextlib
import tracemalloc
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.factories import make_huge_png, make_phantom_file, make_picture
from tumorscope.domain.errors import CorruptFile, ImageTooLarge, InputError
from tumorscope.imaging.decode import decode_image
from tumorscope.imaging.phantom import draw_phantom

_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP")
_WIDE = draw_phantom(1, lesion=False, size=64).astype(np.uint16) * 257


def _several_pictures(file_format: str) -> bytes:
    pictures = [Image.fromarray(draw_phantom(seed, lesion=False, size=64)) for seed in (1, 2)]
    buffer = BytesIO()
    pictures[0].save(buffer, file_format, save_all=True, append_images=pictures[1:])
    return buffer.getvalue()


_FILES = {
    **{name: make_phantom_file(name, size=64) for name in _FORMATS},
    **{f"{name}, 16 bits": make_picture(_WIDE, name) for name in ("PNG", "TIFF")},
    **{f"{name}, two pictures": _several_pictures(name) for name in ("PNG", "TIFF", "WEBP")},
}


def _decode_damaged(data: bytes) -> None:
    with contextlib.suppress(InputError):
        scan = decode_image(data, 10**6)
        assert scan.pixels.size <= 10**6
        assert np.isfinite(scan.pixels).all()


# Pillow may warn of what it mends, which must not become the error that this file looks for.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", _FILES)
def test_file_cut_at_any_tenth_is_corrupt_or_a_slice(name: str) -> None:
    for tenth in range(1, 10):
        with contextlib.suppress(CorruptFile):
            scan = decode_image(_FILES[name][: len(_FILES[name]) * tenth // 10], 10**6)
            assert (scan.height, scan.width) == (64, 64)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", _FILES)
def test_file_cut_in_its_header_gives_an_input_error(name: str) -> None:
    for length in range(1, 40):
        with pytest.raises(InputError):
            decode_image(_FILES[name][:length], 10**6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", _FILES)
@pytest.mark.parametrize("reach", [120, 5000], ids=["header", "anywhere"])
def test_changed_bytes_give_an_input_error_or_a_slice_never_anything_else(name: str, reach: int) -> None:
    rng = np.random.default_rng(len(name) + reach)
    good = _FILES[name]
    for _ in range(120):
        damaged = bytearray(good)
        for position in rng.integers(0, min(len(good), reach), int(rng.integers(1, 6))):
            damaged[position] = int(rng.integers(256))
        _decode_damaged(bytes(damaged))


@pytest.mark.parametrize("file_format", _FORMATS)
def test_size_is_checked_before_a_pixel_is_decoded(file_format: str) -> None:
    # Nothing after the header is there to be decoded.
    good = make_phantom_file(file_format, size=128)
    ruined = good[: len(good) // 2] + bytes(len(good) - len(good) // 2)
    with pytest.raises(ImageTooLarge, match="128 x 128"):
        decode_image(ruined, 128 * 128 - 1)


def test_largest_size_is_still_read() -> None:
    assert decode_image(make_phantom_file(size=128), 128 * 128).height == 128


def test_huge_image_costs_no_memory() -> None:
    data = make_huge_png(20_000)
    tracemalloc.start()
    with pytest.raises(ImageTooLarge, match="64 million"):
        decode_image(data, 64_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20
