"""Slices of a volume hang as a reader expects, with square pixels."""

import numpy as np

from tumorscope.domain.scan import Volume
from tumorscope.imaging.slices import slice_volume


def _volume_with_mark(right: int, anterior: int, superior: int) -> Volume:
    voxels = np.zeros((10, 12, 8), np.float32)
    voxels[right, anterior, superior] = 1
    return Volume(voxels, (1.0, 1.0, 3.0))


def test_axial_slice_has_anterior_up_and_the_right_side_on_the_left() -> None:
    scan = slice_volume(_volume_with_mark(9, 11, 4), "axial", 4)
    assert (scan.height, scan.width) == (12, 10)
    assert scan.pixels[0, 0] == 1


def test_coronal_slice_has_superior_up_and_square_pixels() -> None:
    scan = slice_volume(_volume_with_mark(9, 5, 7), "coronal", 5)
    assert (scan.height, scan.width) == (24, 10)
    assert scan.spacing_mm == (1.0, 1.0)
    assert scan.pixels[:2, 0].min() > 0.5


def test_sagittal_slice_has_anterior_on_the_right() -> None:
    scan = slice_volume(_volume_with_mark(3, 11, 7), "sagittal", 3)
    assert scan.pixels[0, -1] > 0.5
    assert scan.pixels[:, :-2].max() == 0
