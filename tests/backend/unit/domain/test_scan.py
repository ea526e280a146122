"""A slice is a non-empty grey picture of one of three types."""

import numpy as np
import pytest

from tumorscope.domain.scan import Slice


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_three_types_of_pixels_are_slices(dtype: type[np.generic]) -> None:
    scan = Slice(np.zeros((3, 5), dtype), "png")
    assert (scan.height, scan.width) == (3, 5)
    assert (scan.spacing_mm, scan.modality, scan.warnings) == (None, None, ())


@pytest.mark.parametrize("dtype", [np.float64, np.int16, np.bool_])
def test_other_types_of_pixels_are_no_slices(dtype: type[np.generic]) -> None:
    with pytest.raises(ValueError, match="uint8, uint16 or float32"):
        Slice(np.zeros((3, 5), dtype), "png")


@pytest.mark.parametrize("shape", [(4,), (4, 4, 3), (0, 5), (5, 0)])
def test_other_shapes_are_no_slices(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="non-empty 2-D"):
        Slice(np.zeros(shape, np.uint8), "png")


def test_slice_with_channels_has_one_of_each_name() -> None:
    scan = Slice(np.zeros((3, 5, 2), np.float32), "nifti", channels=("flair", "t1"))
    assert (scan.height, scan.width) == (3, 5)


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 3), (3, 5, 2, 1), (0, 5, 2)])
def test_pixels_with_other_channels_than_named_are_no_slices(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="array of 2 channels"):
        Slice(np.zeros(shape, np.float32), "nifti", channels=("flair", "t1"))
