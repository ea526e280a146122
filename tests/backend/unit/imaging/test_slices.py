"""Slices of a volume have the usual display orientation and square pixels."""

from itertools import permutations, product

import numpy as np
import pytest
from numpy.typing import NDArray

from tumorscope.domain.scan import Plane, Reorientation, Slice, StatedPlane, Volume
from tumorscope.imaging.slices import (
    STACK_AXIS,
    choose_slices,
    find_reorientation,
    name_plane,
    reorient_to_ras,
    slice_volume,
    stack_slice,
)


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


def test_sagittal_slice_has_anterior_on_the_left() -> None:
    scan = slice_volume(_volume_with_mark(3, 11, 7), "sagittal", 3)
    assert scan.pixels[0, 0] > 0.5
    assert scan.pixels[:, 2:].max() == 0


def test_slices_without_a_head_are_not_chosen() -> None:
    voxels = np.zeros((40, 40, 9), np.float32)
    voxels[10:30, 10:30, 2:7] = 100
    voxels += np.random.default_rng(1).random(voxels.shape, np.float32)
    assert choose_slices(Volume(voxels, (1.0, 1.0, 3.0)), "axial") == [2, 3, 4, 5, 6]


def test_slices_that_graze_the_head_are_not_chosen() -> None:
    x, y, z = np.indices((60, 60, 60)) - 29.5
    ball = np.where(x**2 + y**2 + z**2 < 28**2, 100, 0).astype(np.float32)
    chosen = choose_slices(Volume(ball, (1.0, 1.0, 1.0)), "coronal")
    # A ball's slice has a third of the largest one's area at 0.82 of its radius.
    assert chosen == list(range(chosen[0], chosen[-1] + 1))
    assert chosen[0] == pytest.approx(29.5 - 0.82 * 28, abs=2)
    assert chosen[-1] == pytest.approx(29.5 + 0.82 * 28, abs=2)


def test_volume_of_zeros_has_all_its_slices_chosen() -> None:
    empty = Volume(np.zeros((8, 8, 5), np.int16), (1.0, 1.0, 1.0))
    assert choose_slices(empty, "coronal") == list(range(8))
    assert choose_slices(empty, "axial") == list(range(5))


def test_axial_slices_of_face_and_neck_are_not_chosen() -> None:
    # From 30 to 230 mm above the volume's lower end.
    voxels = np.zeros((40, 40, 50), np.float32)
    voxels[10:30, 10:30, 6:46] = 100
    head = Volume(voxels, (5.0, 5.0, 5.0))
    assert choose_slices(head, "axial") == list(range(19, 46))
    assert choose_slices(head, "sagittal") == list(range(10, 30))


@pytest.mark.parametrize(
    ("plane", "shape", "spacing"),
    [("sagittal", (12, 48), 0.5), ("coronal", (12, 20), 0.5), ("axial", (24, 10), 1.0)],
)
def test_slice_has_square_pixels_of_the_finer_spacing(plane: Plane, shape: tuple[int, int], spacing: float) -> None:
    # 10 x 24 x 6 mm
    scan = slice_volume(Volume(np.ones((10, 12, 12), np.float32), (1.0, 2.0, 0.5)), plane, 3)
    assert (scan.height, scan.width) == shape
    assert scan.spacing_mm == (spacing, spacing)
    np.testing.assert_allclose(scan.pixels, 1)


def test_stretched_ramp_stays_a_ramp() -> None:
    ramp = np.arange(8, dtype=np.float32)[None, None, :].repeat(5, axis=0).repeat(5, axis=1)
    scan = slice_volume(Volume(ramp, (1.0, 1.0, 4.0)), "coronal", 0)
    np.testing.assert_allclose(np.diff(scan.pixels[2:-2, 0]), -0.25, atol=1e-5)
    assert (scan.source_format, scan.modality) == ("nifti", None)


@pytest.mark.parametrize(
    ("stated", "plane"),
    [("sagittal", "sagittal"), ("coronal", "coronal"), ("axial", "axial"), ("oblique", "axial"), (None, "axial")],
)
def test_slice_alone_is_a_volume_that_gives_it_back(stated: StatedPlane | None, plane: Plane) -> None:
    pixels = np.arange(30, dtype=np.uint16).reshape(5, 6)
    volume = stack_slice(Slice(pixels, "dicom", (0.5, 0.5), "MR", plane=stated))
    assert volume.plane == plane
    assert volume.voxels.shape[STACK_AXIS[plane]] == 1
    again = slice_volume(volume, plane, 0)
    np.testing.assert_array_equal(again.pixels, pixels)
    assert again.spacing_mm == (0.5, 0.5)
    assert (again.plane or plane) == (stated or plane)


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
