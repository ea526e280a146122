"""A lesion that is put into a whole head is the same one in every plane."""

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from tumorscope.datasets.example import Example, VolumeReference, read_volume
from tumorscope.domain.scan import Volume
from tumorscope.training.volume_lesions import Room, draw_lesion, find_room, insert_into_heads

_SPACING = 3.0


def _head() -> NDArray[np.uint8]:
    """A ball of 170 mm, bright inside, in a box with air around it."""
    axes = np.mgrid[-33:34, -33:34, -33:34] * _SPACING
    return np.where(np.linalg.norm(axes, axis=0) < 85, 120, 2).astype(np.uint8)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> VolumeReference:
    path = tmp_path_factory.mktemp("heads") / "head.nii.gz"
    nibabel.save(nibabel.Nifti1Image(_head(), np.diag([_SPACING, _SPACING, _SPACING, 1.0])), path)
    return VolumeReference(path, "axial", 20)


@pytest.fixture
def head(reference: VolumeReference) -> Volume:
    return read_volume(reference.path)


def _draw(head: Volume, sequence: str | None, seed: int = 0) -> tuple[Volume, NDArray[np.bool_]]:
    drawn = draw_lesion(head, find_room(head), sequence, np.random.default_rng(seed))
    assert drawn is not None
    return drawn


@pytest.mark.parametrize(("sequence", "sign"), [("t1", -1), ("t2", 1), ("flair", 1), ("pd", 1)])
def test_lesion_is_darker_than_brain_on_t1_and_brighter_on_the_others(head: Volume, sequence: str, sign: int) -> None:
    for seed in range(5):
        drawn, lesion = _draw(head, sequence, seed)
        # The brightest there is bounds it.
        assert sign * (float(drawn.voxels[lesion].mean()) - 110) > 0


def test_head_far_from_the_lesion_stays_as_it_is(head: Volume) -> None:
    drawn, lesion = _draw(head, "t1")
    centre = np.argwhere(lesion).mean(axis=0)
    far = np.linalg.norm(np.moveaxis(np.indices(lesion.shape), 0, -1) - centre, axis=-1) * _SPACING > 60
    np.testing.assert_array_equal(drawn.voxels[far], head.voxels[far])


def test_lesion_lies_inside_the_upper_head(head: Volume) -> None:
    for seed in range(10):
        _, lesion = _draw(head, "t2", seed)
        centre = np.argwhere(lesion).mean(axis=0)
        assert np.linalg.norm((centre - 33) * _SPACING) < 85 - 10
        # The vertex is at 61.
        assert 20 < (61 - centre[2]) * _SPACING < 100


def test_lesion_pushes_the_brain_aside_and_leaves_the_skull_where_it_is(head: Volume) -> None:
    radius = np.linalg.norm(np.indices(head.voxels.shape) - 33, axis=0)
    # A bright shell in the brain, around a lesion in its middle.
    shelled = replace(head, voxels=np.where((radius > 10) & (radius < 12), 250, head.voxels))
    depth_mm = find_room(shelled).depth_mm
    middle = Room(np.array([[33, 33, 33]]), depth_mm)
    moved = []
    for seed in range(10):
        drawn = draw_lesion(shelled, middle, "t1", np.random.default_rng(seed))
        assert drawn is not None
        voxels = drawn[0].voxels
        np.testing.assert_array_equal(voxels[depth_mm < 10], shelled.voxels[depth_mm < 10])
        moved.append(np.average(radius, weights=np.clip(voxels - 150, 0, None)) - 11)
    assert min(moved) > -0.2
    assert max(moved) > 0.4


def test_no_lesion_breaks_through_the_skull(head: Volume) -> None:
    depth = find_room(head).depth_mm
    for seed in range(10):
        drawn, lesion = _draw(head, "t2", seed)
        assert depth[lesion].min() > 10
        np.testing.assert_array_equal(drawn.voxels[depth < 10], head.voxels[depth < 10])


def test_seed_decides_the_lesion(head: Volume) -> None:
    first, again, other = (_draw(head, "t1", seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first[1], again[1])
    assert (first[1] != other[1]).any()


def test_no_lesion_where_there_is_no_head(head: Volume) -> None:
    empty = replace(head, voxels=np.zeros_like(head.voxels))
    assert not len(find_room(empty).centres)


def test_slices_of_three_planes_show_one_lesion_as_a_tumour_of_unstated_kind(reference: VolumeReference) -> None:
    healthy = Example(reference, "no_tumor", "anna", "mine", "axial", "t1", position=0.3)
    other_slice = replace(healthy, image=replace(reference, index=30))
    sick = replace(healthy, label="glioma", image=replace(reference, path=Path("absent.nii")))
    slices = insert_into_heads([healthy, other_slice, sick], 2, (1,))
    assert len(slices) == 2 * 6
    assert {(s.example.label, s.example.patient_id, s.example.sequence) for s in slices} == {("tumor", "anna", "t1")}
    assert [s.example.plane for s in slices[:6]] == ["sagittal"] * 2 + ["coronal"] * 2 + ["axial"] * 2
    for one in slices:
        assert one.example.box is not None
        height, width = one.scan.pixels.shape
        row, column = int(one.example.box.y_center * height), int(one.example.box.x_center * width)
        assert one.scan.pixels[row, column] != 120


def test_no_lesions_are_asked_for(reference: VolumeReference) -> None:
    assert insert_into_heads([Example(reference, "no_tumor", "anna", "mine")], 0, (1,)) == []
