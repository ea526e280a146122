"""Images are matched by their detail, whatever their placement."""

import numpy as np
import pytest

from tests.factories import make_slice
from tumorscope.datasets.alignment import Detail, Placement, compare, invert, orient, orient_detail, take_detail, zoom
from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input

_SIDE = 128
_WHOLE = (0, _SIDE, 0, _SIDE)
_CROP = Placement(0.92, 0.92, 0.02, -0.02)


def _draw(seed: int) -> np.ndarray:
    return to_model_input(make_slice(seed), PreprocessingParameters(size=_SIDE)).pixels[:, :, 0]


def _detail(grey: np.ndarray) -> Detail:
    return take_detail(grey, _WHOLE)


def test_image_is_entirely_like_itself() -> None:
    detail = _detail(_draw(1))
    assert compare(detail, detail, Placement()) == pytest.approx(1, abs=1e-5)


def test_part_of_an_image_is_found_in_it_from_a_rough_start() -> None:
    grey = _draw(1)
    assert compare(_detail(zoom(grey, _CROP)), _detail(grey), Placement(0.95, 0.95)) > 0.9


def test_contrast_does_not_matter() -> None:
    grey = _draw(1)
    assert compare(_detail(grey**0.6), _detail(grey), Placement()) > 0.9


def test_other_image_is_not_alike() -> None:
    assert compare(_detail(_draw(1)), _detail(_draw(2)), Placement()) < 0.85


def test_blank_image_matches_nothing() -> None:
    blank = _detail(np.zeros((_SIDE, _SIDE), np.float32))
    assert compare(blank, _detail(_draw(1)), Placement()) == 0
    assert compare(blank, blank, Placement()) == 0


@pytest.mark.parametrize("orientation", range(8))
def test_orientation_is_taken_back_by_its_inverse(orientation: int) -> None:
    square = np.arange(16, dtype=np.float32).reshape(4, 4)
    assert np.array_equal(orient(orient(square, orientation), invert(orientation)), square)


def test_orientations_are_eight_different_ones() -> None:
    square = np.arange(16, dtype=np.float32).reshape(4, 4)
    assert len({orient(square, orientation).tobytes() for orientation in range(8)}) == 8


@pytest.mark.parametrize("orientation", range(8))
def test_detail_of_an_oriented_image_is_the_oriented_detail(orientation: int) -> None:
    grey = _draw(1)
    grey[:, :20] = 0
    oriented = orient_detail(take_detail(grey, (0, _SIDE, 20, _SIDE)), orientation)
    expected = take_detail(orient(grey, orientation), oriented.content)
    assert np.allclose(oriented.fine, expected.fine, atol=1e-4)
    top, bottom, left, right = oriented.content
    assert (bottom - top, right - left) in {(_SIDE, _SIDE - 20), (_SIDE - 20, _SIDE)}
    assert not orient(grey, orientation)[:top].any()
    assert not orient(grey, orientation)[:, :left].any()
