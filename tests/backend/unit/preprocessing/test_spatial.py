"""The head is found at any position, and the mapping to the model's square is invertible."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tumorscope.imaging.phantom import draw_phantom
from tumorscope.preprocessing.spatial import Box, Geometry, find_head, resize_to_square


def _canvas(shape: tuple[int, int], corner: tuple[int, int], background: int = 0) -> NDArray[np.uint8]:
    """A phantom of 256 x 256 pixels somewhere on a larger picture."""
    canvas = np.full(shape, background, np.uint8)
    top, left = corner
    canvas[top : top + 256, left : left + 256] = np.maximum(draw_phantom(1, lesion=False, size=256), background)
    return canvas


def _assert_is_the_head(box: Box, corner: tuple[int, int], tolerance: int = 6) -> None:
    # Of the phantom, what is brighter than 100.
    head = draw_phantom(1, lesion=False, size=256) > 100
    rows, columns = np.flatnonzero(head.any(axis=1)) + corner[0], np.flatnonzero(head.any(axis=0)) + corner[1]
    found = (box.top, box.top + box.height, box.left, box.left + box.width)
    np.testing.assert_allclose(found, (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1), atol=tolerance)


_PLACES = [((700, 500), (300, 100)), ((520, 520), (132, 132)), ((600, 560), (20, 280)), ((256, 256), (0, 0))]


@pytest.mark.parametrize(("shape", "corner"), _PLACES)
@pytest.mark.parametrize("background", [0, 60], ids=["black", "grey"])
def test_head_is_found_wherever_it_lies(shape: tuple[int, int], corner: tuple[int, int], background: int) -> None:
    _assert_is_the_head(find_head(_canvas(shape, corner, background), margin=0), corner)


@pytest.mark.parametrize("background", [0, 60], ids=["black", "grey"])
@pytest.mark.parametrize(("shape", "corner"), _PLACES[:2])
def test_bright_frame_is_not_the_head(shape: tuple[int, int], corner: tuple[int, int], background: int) -> None:
    canvas = _canvas(shape, corner, background)
    canvas[0] = canvas[-1] = 255
    canvas[:, 0] = canvas[:, -1] = 255
    _assert_is_the_head(find_head(canvas, margin=0), corner)


def test_letters_beside_the_head_are_not_the_head() -> None:
    canvas = _canvas((700, 500), (300, 100))
    canvas[20:34, 10:60] = 255
    _assert_is_the_head(find_head(canvas, margin=0), (300, 100))


def test_type_and_scale_of_the_pixels_do_not_move_the_box() -> None:
    canvas = _canvas((700, 500), (300, 100))
    expected = find_head(canvas, 0.02)
    assert find_head(canvas.astype(np.uint16) * 257, 0.02) == expected
    assert find_head(canvas.astype(np.float32) * 0.01 - 40, 0.02) == expected


def test_margin_is_a_share_of_the_larger_side_and_ends_at_the_border() -> None:
    canvas = _canvas((700, 500), (300, 100))
    tight, wide, whole = (find_head(canvas, margin) for margin in (0, 0.1, 5))
    added = round(0.1 * max(tight.height, tight.width))
    np.testing.assert_allclose(wide.height - tight.height, 2 * added, atol=2)
    np.testing.assert_allclose(wide.width - tight.width, 2 * added, atol=2)
    assert whole == Box(0, 0, 700, 500)


_NO_HEAD = {
    "constant": np.full((50, 60), 77, np.uint8),
    "one pixel": np.zeros((1, 1), np.uint8),
    "speck": np.pad(np.full((10, 10), 255, np.uint8), 90),
}


@pytest.mark.parametrize("name", _NO_HEAD)
def test_whole_slice_is_taken_without_a_head(name: str) -> None:
    pixels = _NO_HEAD[name]
    assert find_head(pixels, margin=0.02) == Box(0, 0, *pixels.shape)


@pytest.mark.parametrize("crop", [Box(30, 50, 420, 300), Box(0, 10, 200, 390), Box(3, 4, 5, 5)], ids=str)
def test_points_go_to_the_model_and_back(crop: Box) -> None:
    geometry = Geometry(500, 400, crop, 128)
    for point in ((31.0, 51.0), (200.5, 123.25), (449.0, 349.0)):
        assert geometry.to_source(*geometry.to_model(*point)) == pytest.approx(point)
        assert geometry.to_model(*geometry.to_source(*point)) == pytest.approx(point)


def test_crop_lies_in_the_middle_of_the_square() -> None:
    geometry = Geometry(500, 400, Box(100, 50, 200, 100), 64)
    assert geometry.to_model(100, 50) == (0, 16)
    assert geometry.to_model(300, 150) == (64, 48)


def test_reduction_is_antialiased() -> None:
    checkerboard = (np.indices((512, 512)).sum(axis=0) % 2).astype(np.float32)
    small = resize_to_square(checkerboard, Geometry(512, 512, Box(0, 0, 512, 512), 128))
    np.testing.assert_allclose(small, 0.5, atol=0.02)


@pytest.mark.parametrize("side", [50, 128, 300, 301])
def test_constant_stays_constant(side: int) -> None:
    square = resize_to_square(np.full((side, side), 0.7, np.float32), Geometry(side, side, Box(0, 0, side, side), 128))
    assert square.shape == (128, 128)
    assert square.dtype == np.float32
    np.testing.assert_allclose(square, 0.7, atol=1e-5)


@pytest.mark.parametrize("axis", [0, 1], ids=["down", "across"])
@pytest.mark.parametrize("shape", [(6000, 1500), (1500, 6000)], ids=["tall", "wide"])
def test_long_side_is_resized_as_a_short_one(shape: tuple[int, int], axis: int) -> None:
    ramp = np.indices(shape)[axis].astype(np.float32) + np.float32(0.5)
    geometry = Geometry(*shape, Box(0, 0, *shape), 64)
    square = resize_to_square(ramp, geometry)
    # The picture fills the middle quarter along its shorter axis: 16 of 64 pixels, of which the outermost blend into
    # the padding, as the outermost along the ramp lose half of their filter.
    inner = [slice(2, -2) if side == 6000 else slice(26, 38) for side in shape]
    centres = [geometry.to_source(i + 0.5, i + 0.5)[axis] for i in range(64)]
    expected = np.array(centres)[:, None] if axis == 0 else np.array(centres)[None, :]
    np.testing.assert_allclose(square[*inner], np.broadcast_to(expected, (64, 64))[*inner], rtol=1e-4)
    for outer in (slice(0, 22), slice(42, 64)):
        assert not square.take(range(64)[outer], axis=1 if shape[0] == 6000 else 0).any()


def test_padding_is_air_and_the_crop_keeps_its_level() -> None:
    square = resize_to_square(np.ones((100, 40), np.float32), Geometry(100, 40, Box(0, 0, 100, 40), 50))
    assert not square[:, :14].any()
    assert not square[:, -14:].any()
    np.testing.assert_allclose(square[:, 16:34], 1, atol=1e-5)


def test_same_size_changes_nothing() -> None:
    pixels = np.random.default_rng(0).random((64, 64), np.float32)
    np.testing.assert_allclose(resize_to_square(pixels, Geometry(64, 64, Box(0, 0, 64, 64), 64)), pixels, atol=1e-6)


@pytest.mark.parametrize("box", [Box(30, 0, 301, 97), Box(0, 5, 90, 140), Box(3, 3, 20, 50), Box(0, 0, 1, 150)])
def test_every_pixel_is_the_mean_of_the_source_under_a_triangle(box: Box) -> None:
    crop = np.random.default_rng(1).random((box.height, box.width), np.float32)
    geometry = Geometry(400, 160, box, 37)
    scale = geometry.square_side / geometry.size
    places = np.arange(geometry.square_side) + 0.5
    centres = (np.arange(geometry.size) + 0.5) * scale
    triangle = np.maximum(0, 1 - np.abs(places - centres[:, None]) / max(scale, 1))
    triangle /= triangle.sum(axis=1, keepdims=True)
    padded = np.zeros((geometry.square_side,) * 2)
    padded[geometry.pad_top :, geometry.pad_left :][: box.height, : box.width] = crop
    np.testing.assert_allclose(resize_to_square(crop, geometry), triangle @ padded @ triangle.T, atol=1e-6)
