"""Volumes become slices of healthy people in three planes, and slices through segmented tumours."""

from collections import Counter
from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from tumorscope.datasets.example import Example, RelativeBox, VolumeReference, read_example, read_volume
from tumorscope.datasets.volumes import (
    find_healthy_slices,
    find_masked_slices,
    slice_labelled_volume,
    slice_masked_volume,
)
from tumorscope.domain.errors import DatasetError


@pytest.fixture(autouse=True)
def _forget_volumes() -> None:
    read_volume.cache_clear()


def _write_volume(path: Path, voxels: NDArray[np.float64]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Stored from right to left; anisotropic.
    affine = np.diag([-2.0, 2.0, 4.0, 1.0])
    nibabel.save(nibabel.Nifti1Image(voxels.astype(np.float32), affine), path)


def _places(examples: list[Example]) -> list[tuple[str, int]]:
    """Plane and index of each."""
    references = [example.image for example in examples]
    return [(image.plane, image.index) for image in references if isinstance(image, VolumeReference)]


def test_healthy_volumes_give_slices_in_three_planes(tmp_path: Path) -> None:
    for name in ("anna", "ben"):
        _write_volume(tmp_path / name / f"{name}_t1.nii.gz", np.random.default_rng(0).random((20, 24, 22)))
    examples = find_healthy_slices(tmp_path, slices_per_plane=3)
    assert Counter(e.plane for e in examples) == {"sagittal": 6, "coronal": 6, "axial": 6}
    assert {e.patient_id for e in examples} == {"healthy-anna", "healthy-ben"}
    assert {(e.label, e.source) for e in examples} == {("no_tumor", "healthy-volumes")}


def test_healthy_slices_are_spread_over_the_inner_half(tmp_path: Path) -> None:
    _write_volume(tmp_path / "anna" / "anna_t1.nii.gz", np.ones((40, 100, 60)))
    examples = find_healthy_slices(tmp_path, slices_per_plane=5)
    for plane, length in (("sagittal", 40), ("coronal", 100), ("axial", 60)):
        places = [index / length for stacked, index in _places(examples) if stacked == plane]
        assert len(set(places)) == 5
        assert min(places) >= 0.25
        assert max(places) <= 0.8


@pytest.mark.parametrize(
    ("name", "sequence"), [("anna_t1", "t1"), ("anna_FLAIR", "flair"), ("t2_anna", None), ("anna_pd", None)]
)
def test_sequence_is_the_ending_of_the_files_name(tmp_path: Path, name: str, sequence: str | None) -> None:
    _write_volume(tmp_path / "anna" / f"{name}.nii.gz", np.ones((4, 4, 4)))
    assert {example.sequence for example in find_healthy_slices(tmp_path, slices_per_plane=1)} == {sequence}


def test_slice_of_a_volume_is_read_with_square_pixels(tmp_path: Path) -> None:
    _write_volume(tmp_path / "anna" / "anna_t1.nii.gz", np.random.default_rng(0).random((20, 24, 22)))
    shapes = {e.plane: read_example(e).pixels.shape for e in find_healthy_slices(tmp_path, slices_per_plane=1)}
    assert shapes == {"sagittal": (44, 24), "coronal": (44, 20), "axial": (24, 20)}


def _write_patient(folder: Path, tumor: NDArray[np.float64]) -> None:
    _write_volume(folder / "Pre_Scan_T1.nii.gz", np.arange(tumor.size, dtype=float).reshape(tumor.shape))
    _write_volume(folder / "Pre_Mask.nii.gz", tumor)


def test_only_slices_through_the_mask_are_tumours(tmp_path: Path) -> None:
    mask = np.zeros((20, 20, 6))
    mask[:15, :15, 2:4] = 1
    _write_patient(tmp_path / "progression" / "01", mask)
    examples = find_masked_slices(tmp_path / "progression", "glioma")
    assert _places(examples) == [("axial", 2), ("axial", 3)]
    assert {(e.label, e.patient_id, e.source) for e in examples} == {("glioma", "progression-01", "progression")}
    assert read_example(examples[0]).pixels.max() > 1
    box = examples[0].box
    assert box is not None
    assert (box.width, box.height) == (0.75, 0.75)


@pytest.mark.parametrize(("voxels", "slices"), [(149, 0), (150, 1)])
def test_tumour_too_small_to_see_is_left_out(tmp_path: Path, voxels: int, slices: int) -> None:
    mask = np.zeros(400)
    mask[:voxels] = 1
    _write_patient(tmp_path / "01", mask.reshape(20, 20, 1))
    assert len(find_masked_slices(tmp_path, "glioma")) == slices


def test_absent_folders_give_nothing(tmp_path: Path) -> None:
    assert find_healthy_slices(tmp_path / "absent") == []
    assert find_masked_slices(tmp_path / "absent", "glioma") == []


def test_any_volume_is_sliced_evenly_in_three_planes(tmp_path: Path) -> None:
    _write_volume(tmp_path / "head_flair.nii", np.random.default_rng(0).random((20, 24, 22)))
    examples = slice_labelled_volume(tmp_path / "head_flair.nii", "no_tumor", "anna", "mine", slices_per_plane=4)
    assert {(e.label, e.patient_id, e.source, e.sequence) for e in examples} == {("no_tumor", "anna", "mine", "flair")}
    assert Counter(e.plane for e in examples) == {"sagittal": 4, "coronal": 4, "axial": 4}


def test_masked_volume_is_sliced_through_the_mask_in_three_planes_with_its_box(tmp_path: Path) -> None:
    mask = np.zeros((60, 60, 40))
    mask[12:30, 30:54, 12:28] = 1
    _write_volume(tmp_path / "scan.nii.gz", np.random.default_rng(0).random(mask.shape))
    _write_volume(tmp_path / "mask.nii.gz", mask)
    examples = slice_masked_volume(tmp_path / "scan.nii.gz", tmp_path / "mask.nii.gz", "glioma", "p", "s")
    assert Counter(e.plane for e in examples) == {"sagittal": 18, "coronal": 24, "axial": 16}
    # Stored from right to left: the patient's right, on the viewer's left. Rows from the top of the head, or
    # the front; sagittal slices look left.
    boxes = {e.plane: e.box for e in examples}
    assert boxes["axial"] == RelativeBox(21 / 60, 18 / 60, 18 / 60, 24 / 60)
    assert boxes["coronal"] == RelativeBox(21 / 60, 20 / 40, 18 / 60, 16 / 40)
    assert boxes["sagittal"] == RelativeBox(18 / 60, 20 / 40, 24 / 60, 16 / 40)


def test_mask_of_another_shape_is_refused(tmp_path: Path) -> None:
    _write_volume(tmp_path / "scan.nii.gz", np.ones((8, 8, 8)))
    _write_volume(tmp_path / "mask.nii.gz", np.ones((8, 8, 7)))
    with pytest.raises(DatasetError, match=r"scan\.nii\.gz and its mask mask\.nii\.gz"):
        slice_masked_volume(tmp_path / "scan.nii.gz", tmp_path / "mask.nii.gz", "glioma", "p", "s")


def test_absent_volume_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"head\.nii is absent"):
        slice_labelled_volume(tmp_path / "head.nii", "no_tumor", "anna", "mine")
