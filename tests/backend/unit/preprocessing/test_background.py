"""Air becomes the darkest part of a volume, even if its source left it among the tissue's intensities."""

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.scan import Volume, Voxels
from tumorscope.preprocessing.background import darken_background


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
