"""A NIfTI volume comes out with its axes towards right, anterior and superior."""

import gzip

import nibabel
import numpy as np
import pytest

from tumorscope.domain.errors import CorruptFile
from tumorscope.imaging.formats.nifti import decode_nifti


def _volume(voxels: np.ndarray, affine: np.ndarray | None = None) -> bytes:
    data: bytes = nibabel.Nifti1Image(voxels.astype(np.float32), np.eye(4) if affine is None else affine).to_bytes()
    return data


_RAMP = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.parametrize("compressed", [False, True])
def test_volume_comes_back(compressed: bool) -> None:
    data = _volume(_RAMP, np.diag([1.0, 2.0, 3.0, 1.0]))
    volume = decode_nifti(gzip.compress(data) if compressed else data)
    np.testing.assert_array_equal(volume.voxels, _RAMP)
    assert volume.spacing_mm == (1.0, 2.0, 3.0)


def test_axes_are_turned_to_right_anterior_superior() -> None:
    # Stored axes run left, inferior, anterior.
    affine = np.array([[-1.0, 0, 0, 0], [0, 0, 3, 0], [0, -2, 0, 0], [0, 0, 0, 1]])
    volume = decode_nifti(_volume(_RAMP, affine))
    assert volume.spacing_mm == (1.0, 3.0, 2.0)
    np.testing.assert_array_equal(volume.voxels, _RAMP[::-1, ::-1, :].transpose(0, 2, 1))


def test_voxels_that_are_no_numbers_are_zero() -> None:
    voxels = _RAMP.copy()
    voxels[0, 0, 0] = np.nan
    assert decode_nifti(_volume(voxels)).voxels[0, 0, 0] == 0


def test_time_series_is_refused() -> None:
    with pytest.raises(CorruptFile, match="4 axes"):
        decode_nifti(_volume(np.zeros((2, 2, 2, 3))))


@pytest.mark.parametrize("data", [b"", b"\x1f\x8b", gzip.compress(_volume(_RAMP))[:-20], _volume(_RAMP)[:400]])
def test_damage_is_a_corrupt_file(data: bytes) -> None:
    with pytest.raises(CorruptFile):
        decode_nifti(data)
