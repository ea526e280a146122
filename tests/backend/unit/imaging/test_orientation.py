"""Reorientation swaps and reverses axes; the position of a voxel does not change."""

from itertools import permutations, product

import numpy as np
import pytest
from numpy.typing import NDArray

from tumorscope.domain.scan import Plane, Reorientation
from tumorscope.imaging.orientation import find_reorientation, name_plane, reorient_to_ras

_AXES = np.eye(3)
_R, _A, _S = _AXES


@pytest.mark.parametrize(
    ("down", "right", "plane", "reorientation"),
    [
        (-_A, -_R, "axial", Reorientation()),
        (_A, -_R, "axial", Reorientation(rows_reversed=True)),
        (-_A, _R, "axial", Reorientation(columns_reversed=True)),
        (-_R, -_A, "axial", Reorientation(transposed=True)),
        (_R, _A, "axial", Reorientation(transposed=True, rows_reversed=True, columns_reversed=True)),
        (-_S, -_R, "coronal", Reorientation()),
        (_S, _R, "coronal", Reorientation(rows_reversed=True, columns_reversed=True)),
        (-_S, -_A, "sagittal", Reorientation()),
        (-_S, _A, "sagittal", Reorientation(columns_reversed=True)),
        (_A, _S, "sagittal", Reorientation(transposed=True, rows_reversed=True, columns_reversed=True)),
    ],
)
def test_slice_is_hung_as_a_reader_expects(
    down: NDArray[np.float64], right: NDArray[np.float64], plane: Plane, reorientation: Reorientation
) -> None:
    assert find_reorientation(down, right) == (reorientation, plane)


@pytest.mark.parametrize("flags", list(product([False, True], repeat=3)))
def test_turn_is_undone(flags: tuple[bool, bool, bool]) -> None:
    pixels = np.arange(15).reshape(3, 5)
    reorientation = Reorientation(*flags)
    np.testing.assert_array_equal(reorientation.undo(reorientation.apply(pixels)), pixels)
    assert (reorientation.apply(pixels).shape == (5, 3)) == flags[0]


def test_oblique_is_named_beyond_twenty_degrees() -> None:
    for degrees, stated in ((0, "coronal"), (19, "coronal"), (21, "oblique"), (44, "oblique")):
        angle = np.radians(degrees)
        assert name_plane(7 * (np.cos(angle) * _A + np.sin(angle) * _S)) == ("coronal", stated)
    assert name_plane(-_S) == ("axial", "axial")


@pytest.mark.parametrize(("axes", "signs"), list(product(permutations(range(3)), product([1, -1], repeat=3))))
def test_every_voxel_stays_in_its_place(axes: tuple[int, int, int], signs: tuple[int, int, int]) -> None:
    voxels = np.arange(24).reshape(2, 3, 4)
    affine = np.eye(4)
    # Somewhat oblique, with a spacing of its own along each axis.
    oblique = np.linalg.qr(np.array([[1, 0.2, 0.1], [-0.2, 1, 0.15], [-0.1, -0.1, 1]]))[0]
    oblique *= np.sign(np.diag(oblique))
    affine[:3, :3] = oblique[:, axes] * signs * [1.5, 2.5, 3.5]
    affine[:3, 3] = [10, -20, 30]
    reoriented = reorient_to_ras(voxels, affine)
    assert np.diag(reoriented.affine[:3, :3]).min() > 0.9
    for index in np.ndindex(2, 3, 4):
        place = affine @ [*index, 1]
        found = np.round(np.linalg.solve(reoriented.affine, place)[:3]).astype(int)
        np.testing.assert_allclose(reoriented.affine @ [*found, 1], place, atol=1e-9)
        assert reoriented.voxels[tuple(found)] == voxels[index]
    assert [reoriented.spacing_mm[reoriented.axis_of[axis]] for axis in range(3)] == pytest.approx([1.5, 2.5, 3.5])
    assert np.shares_memory(reoriented.voxels, voxels)
