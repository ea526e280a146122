"""Tables and volumes become examples; no patient is ever on both sides of a split."""

from collections import Counter
from pathlib import Path

import nibabel
import numpy as np
import pytest

from tests.factories import make_phantom_file
from tumorscope.datasets.example import Example, read_example
from tumorscope.datasets.folder import read_slice_table
from tumorscope.datasets.splits import split_by_patient
from tumorscope.datasets.volumes import find_healthy_slices, find_masked_slices
from tumorscope.domain.errors import TrainingError


def _examples() -> list[Example]:
    return [
        Example(Path("x"), label, f"{source}-{label}-{patient}", source)
        for label, source in (("glioma", "a"), ("no_tumor", "a"), ("no_tumor", "b"))
        for patient in range(20)
        for _ in range(3)
    ]


def test_no_patient_is_on_both_sides() -> None:
    split = split_by_patient(_examples(), 0.2, seed=1)
    assert not {e.patient_id for e in split.training} & {e.patient_id for e in split.validation}
    assert len(split.training) + len(split.validation) == len(_examples())


def test_every_label_and_source_is_held_out_in_its_share() -> None:
    counts = Counter((e.label, e.source) for e in split_by_patient(_examples(), 0.2, seed=1).validation)
    assert counts == {("glioma", "a"): 12, ("no_tumor", "a"): 12, ("no_tumor", "b"): 12}


def test_patient_with_several_labels_stays_whole() -> None:
    both = [*_examples(), Example(Path("x"), "meningioma", "a-glioma-3", "a")]
    for seed in range(5):
        split = split_by_patient(both, 0.3, seed)
        sides = [any(e.patient_id == "a-glioma-3" for e in part) for part in (split.training, split.validation)]
        assert sum(sides) == 1


def test_seed_decides_the_split() -> None:
    hashes = [split_by_patient(_examples(), 0.2, seed).sha256 for seed in (1, 1, 2)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_table_gives_labels_and_boxes(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(make_phantom_file())
    table = tmp_path / "slices.csv"
    header = "file,label,patient_id,source,box_x_center,box_y_center,box_width,box_height"
    table.write_text(f"{header}\na.png,glioma,p1,s,0.4,0.3,0.2,0.1\na.png,no_tumor,p2,s,,,,\n")
    with_box, without = read_slice_table(table)
    assert with_box.box is not None
    assert (with_box.box.x_center, with_box.box.height) == (0.4, 0.1)
    assert without.box is None
    assert read_example(with_box).height == 256


def test_table_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    table = tmp_path / "slices.csv"
    with pytest.raises(TrainingError, match="TUMORSCOPE_DATA"):
        read_slice_table(table)
    table.write_text("file,label,source\na.png,glioma,s\n")
    with pytest.raises(TrainingError, match="patient_id"):
        read_slice_table(table)
    table.write_text("file,label,patient_id,source\na.png,glioma,p,s\n")
    with pytest.raises(TrainingError, match=r"a\.png"):
        read_slice_table(table)


def _write_volume(path: Path, voxels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(voxels.astype(np.float32), np.diag([-2.0, 2.0, 2.0, 1.0])), path)


def test_healthy_volumes_give_slices_in_three_planes(tmp_path: Path) -> None:
    _write_volume(tmp_path / "anna" / "anna_t1.nii.gz", np.random.default_rng(0).random((20, 24, 22)))
    examples = find_healthy_slices(tmp_path, slices_per_plane=2)
    assert Counter(e.plane for e in examples) == {"sagittal": 2, "coronal": 2, "axial": 2}
    assert {e.patient_id for e in examples} == {"healthy-anna"}
    assert read_example(examples[0]).height == 22


def test_only_slices_through_the_mask_are_tumours(tmp_path: Path) -> None:
    mask = np.zeros((20, 20, 6))
    mask[:15, :15, 2:4] = 1
    _write_volume(tmp_path / "01" / "Pre_Scan_T1.nii.gz", np.ones((20, 20, 6)))
    _write_volume(tmp_path / "01" / "Pre_Mask.nii.gz", mask)
    assert [e.index for e in find_masked_slices(tmp_path, "glioma")] == [2, 3]
