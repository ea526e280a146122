"""Intensities are scaled to 0..1 between two percentiles, whatever type the pixels have."""

import numpy as np
import pytest

from tumorscope.preprocessing.intensity import find_intensity_window, scale_to_window


def _by_sort(pixels: np.ndarray, percentile: float) -> float:
    """The smallest intensity that at least this share of the pixels does not exceed."""
    ordered = np.sort(pixels, axis=None)
    return float(ordered[max(0, int(np.ceil(round(percentile / 100 * ordered.size, 6))) - 1)])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("percentiles", [(0.5, 99.5), (1.0, 99.0), (10.0, 90.0), (2.5, 100.0)])
def test_window_of_integers_is_that_of_a_sort(dtype: type[np.integer], percentiles: tuple[float, float]) -> None:
    rng = np.random.default_rng(1)
    for shape in ((1, 7), (20, 10), (93, 80)):
        pixels = rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
        assert find_intensity_window(pixels, percentiles) == tuple(_by_sort(pixels, p) for p in percentiles)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_window_of_0_to_100_percent_is_smallest_to_largest(dtype: type[np.generic]) -> None:
    pixels = np.array([[90, 100, 200, 250]], dtype)
    assert find_intensity_window(pixels, (0.0, 100.0)) == (90, 250)


def test_window_of_floating_point_follows_negative_intensities() -> None:
    low, high = find_intensity_window(np.linspace(-500, 500, 1001, dtype=np.float32)[None], (1.0, 99.0))
    assert [low, high] == pytest.approx([-490, 490])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_window_of_a_constant_has_no_width(dtype: type[np.generic]) -> None:
    assert find_intensity_window(np.full((4, 4), 7, dtype), (0.5, 99.5)) == (7, 7)


def test_scaling_clips_to_the_window() -> None:
    scaled = scale_to_window(np.array([[0, 50, 100, 200]], np.uint8), (50, 150))
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, [[0, 0, 0.5, 1]])


def test_window_without_width_gives_zeros() -> None:
    assert not scale_to_window(np.array([[3, 9]], np.uint8), (5, 5)).any()


def test_scaling_leaves_its_argument_alone() -> None:
    pixels = np.array([[1, 2, 3]], np.float32)
    scale_to_window(pixels, (1, 3))
    np.testing.assert_array_equal(pixels, [[1, 2, 3]])
