"""Intensities are scaled to 0..1 between two percentiles, whatever type the pixels have."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tumorscope.domain.scan import Volume, Voxels
from tumorscope.preprocessing.intensity import (
    darken_background,
    find_intensity_window,
    find_percentiles,
    scale_to_window,
)


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


_PERCENTILES = (0.0, 0.5, 25.0, 50.0, 99.0, 99.5, 100.0)
_RNG = np.random.default_rng(0)
_VALUES: dict[str, NDArray[np.float32]] = {
    "one value": np.array([7.5], np.float32),
    "two values": np.array([3, -1], np.float32),
    "one whole number many times": np.full((9, 9), -40, np.float32),
    "whole numbers": _RNG.integers(-1000, 3000, (50, 70)).astype(np.float32),
    "whole numbers, mostly the least": np.maximum(_RNG.integers(-200, 100, (40, 41)), 0).astype(np.float32),
    "whole numbers that are far apart": np.array([0, 1, 2, 10**9], np.float32),
    "whole numbers beyond float32's": np.array([2**24, 2**24 + 2, 2**24 + 8], np.float32),
    "whole numbers and one half": np.array([0, 1, 2, 2.5, 9], np.float32),
    "fractions": _RNG.standard_normal((33, 57)).astype(np.float32),
    "huge": np.array([-3e38, 0, 3e38], np.float32),
}


@pytest.mark.parametrize("name", _VALUES)
def test_percentiles_are_those_of_numpy(name: str) -> None:
    values = _VALUES[name]
    expected = np.percentile(values.astype(np.float64), _PERCENTILES)
    np.testing.assert_allclose(find_percentiles(values, _PERCENTILES), expected, rtol=1e-12, atol=1e-12)


def test_values_stay_as_they_are() -> None:
    values = _RNG.standard_normal((5, 8)).astype(np.float32)
    before = values.copy()
    find_percentiles(values.T, (10,))
    np.testing.assert_array_equal(values, before)


def _volume(voxels: Voxels) -> Volume:
    return Volume(voxels, (1.0, 1.0, 1.0))


def _brain(mean: float) -> NDArray[np.float32]:
    """Tissue of standard deviation 1 in a box of zeros."""
    voxels = np.zeros((20, 20, 20), np.float32)
    voxels[4:16, 4:16, 4:16] = np.random.default_rng(1).normal(mean, 1, (12, 12, 12))
    return voxels


def test_air_of_a_z_scored_brain_goes_below_its_tissue() -> None:
    voxels = _brain(mean=0)
    darkened = darken_background(_volume(voxels)).voxels
    inside = np.s_[4:16, 4:16, 4:16]
    outside = voxels == 0
    assert darkened.dtype == np.float32
    assert len(np.unique(darkened[outside])) == 1
    assert darkened[outside][0] == darkened.min()
    # What was brighter than air's new place stays as it was.
    kept = voxels[inside] > darkened.min()
    assert kept.mean() > 0.98
    np.testing.assert_array_equal(darkened[inside][kept], voxels[inside][kept])


def test_volume_whose_air_is_its_darkest_part_stays_as_it_is() -> None:
    for voxels in (np.abs(_brain(mean=100)), _brain(mean=100).astype(np.int16)):
        volume = _volume(voxels)
        assert darken_background(volume) is volume


def test_volume_without_air_of_one_value_stays_as_it_is() -> None:
    noisy = _volume(np.random.default_rng(1).normal(0, 1, (10, 10, 10)).astype(np.float32))
    assert darken_background(noisy) is noisy
    filled = _brain(mean=0)
    filled[1:19, 1:19, :] = np.random.default_rng(2).normal(0, 1, (18, 18, 20))
    filled[:, 1:19, 1:19] = np.random.default_rng(3).normal(0, 1, (20, 18, 18))
    assert (filled == 0).mean() < 0.15
    volume = _volume(filled)
    assert darken_background(volume) is volume


def test_few_dark_voxels_do_not_make_air_dark() -> None:
    voxels = _brain(mean=100)
    voxels[8, 8, 8] = -1
    volume = _volume(voxels)
    assert darken_background(volume) is volume


def test_volume_of_one_value_or_one_voxel_stays_as_it_is() -> None:
    for shape in ((4, 4, 4), (1, 1, 1), (5, 1, 3)):
        volume = _volume(np.zeros(shape, np.uint8))
        assert darken_background(volume) is volume
