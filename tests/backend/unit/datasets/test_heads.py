"""Whole heads become slices at all their heights, with their sequence and their place."""

from pathlib import Path

import nibabel
import numpy as np
import pytest

from tumorscope.datasets.discover import discover_examples
from tumorscope.datasets.example import VolumeReference
from tumorscope.datasets.folder import read_heads
from tumorscope.domain.errors import TrainingError

_HEADER = "file,label,person,source,sequence,content,licence,mask"


def _write_heads(folder: Path) -> Path:
    voxels = np.zeros((20, 20, 50), np.uint8)
    # Above it is air.
    voxels[4:16, 4:16, :40] = 200
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([2.0, 2.0, 2.0, 1.0])), folder / "anna.nii.gz")
    (folder / "heads.csv").write_text(f"{_HEADER}\nanna.nii.gz,no_tumor,anna,mine,t2,adult,CC0,\n")
    return folder / "heads.csv"


def test_head_is_sliced_from_neck_to_vertex_and_air_is_left_out(tmp_path: Path) -> None:
    examples = read_heads(_write_heads(tmp_path), slices_per_plane=25)
    assert {(e.label, e.patient_id, e.source, e.sequence) for e in examples} == {("no_tumor", "anna", "mine", "t2")}
    heights = [e.image.index for e in examples if e.plane == "axial" and isinstance(e.image, VolumeReference)]
    assert (min(heights), max(heights)) == (1, 39)
    assert {e.plane for e in examples} == {"sagittal", "coronal", "axial"}


def test_place_is_a_share_of_the_axis(tmp_path: Path) -> None:
    for example in read_heads(_write_heads(tmp_path)):
        assert isinstance(example.image, VolumeReference)
        length = 50 if example.plane == "axial" else 20
        assert example.position == (example.image.index + 0.5) / length


def test_heads_beside_a_table_of_images_are_found(tmp_path: Path) -> None:
    _write_heads(tmp_path)
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "slices.csv").write_text("file,label,patient_id,source\na.png,glioma,p,s\n")
    (tmp_path / "lgg.csv").write_text("file,label,patient_id,source,sequence,height\na.png,glioma,q,lgg,flair,0.4\n")
    examples = discover_examples(tmp_path)
    assert {example.patient_id for example in examples} == {"p", "q", "anna"}
    (lgg,) = [example for example in examples if example.source == "lgg"]
    assert (lgg.plane, lgg.sequence, lgg.position) == ("axial", "flair", 0.4)


def test_table_without_a_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "heads.csv").write_text("file,label\nanna.nii.gz,no_tumor\n")
    with pytest.raises(TrainingError, match="'person'"):
        read_heads(tmp_path / "heads.csv")
