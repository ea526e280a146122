"""A table of images becomes examples, or an error states why not."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.brats_trees import draw_modality, write_volume
from tests.factories import make_phantom_file
from tumorscope.datasets.example import Example, ImageFileReference, RelativeBox, read_example
from tumorscope.datasets.folder import read_slice_table
from tumorscope.domain.errors import CorruptFile, TrainingError

_BOXES = "box_x_center,box_y_center,box_width,box_height"
_HEADER = "file,label,patient_id,source"


def _write_table(folder: Path, text: str) -> Path:
    (folder / "a.png").write_bytes(make_phantom_file(size=64))
    table = folder / "slices.csv"
    table.write_text(text, encoding="utf-8")
    return table


def test_table_gives_examples_in_its_order(tmp_path: Path) -> None:
    table = _write_table(tmp_path, f"{_HEADER}\na.png,glioma,p1,s\na.png,no_tumor,p2,t\n")
    assert read_slice_table(table) == [
        Example(ImageFileReference(tmp_path / "a.png"), "glioma", "p1", "s"),
        Example(ImageFileReference(tmp_path / "a.png"), "no_tumor", "p2", "t"),
    ]


def test_boxes_of_a_table_are_read(tmp_path: Path) -> None:
    rows = "a.png,glioma,p1,s,0.4,0.3,0.2,0.1\na.png,no_tumor,p2,s,,,,\n"
    with_box, without = read_slice_table(_write_table(tmp_path, f"{_HEADER},{_BOXES}\n{rows}"))
    assert with_box.box == RelativeBox(x_center=0.4, y_center=0.3, width=0.2, height=0.1)
    assert without.box is None


def test_order_of_the_columns_and_further_ones_do_not_matter(tmp_path: Path) -> None:
    table = _write_table(tmp_path, "note,source,patient_id,label,file\nx,s,p1,glioma,a.png\n")
    assert read_slice_table(table) == [Example(ImageFileReference(tmp_path / "a.png"), "glioma", "p1", "s")]


def test_example_of_a_table_is_read_as_serving_reads_it(tmp_path: Path) -> None:
    (example,) = read_slice_table(_write_table(tmp_path, f"{_HEADER}\na.png,glioma,p1,s\n"))
    scan = read_example(example)
    assert (scan.source_format, scan.height) == ("png", 64)
    (tmp_path / "a.png").write_bytes(make_phantom_file(size=64)[:300])
    with pytest.raises(CorruptFile):
        read_example(example)


def test_collection_that_states_its_sequence_passes_it_on(tmp_path: Path) -> None:
    rows = "a.png,glioma,p1,figshare-1512427\na.png,glioma,p2,other\n"
    examples = read_slice_table(_write_table(tmp_path, f"{_HEADER}\n{rows}"))
    assert [example.sequence for example in examples] == ["t1ce", None]


def test_absent_table_says_how_to_name_another(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="TUMORSCOPE_DATA"):
        read_slice_table(tmp_path / "slices.csv")


@pytest.mark.parametrize("column", ["file", "label", "patient_id", "source"])
def test_table_without_a_column_says_which(tmp_path: Path, column: str) -> None:
    kept = [name for name in _HEADER.split(",") if name != column]
    table = _write_table(tmp_path, f"{','.join(kept)}\n{','.join(['a.png', 'x', 'x'])}\n")
    with pytest.raises(TrainingError, match=f"'{column}'"):
        read_slice_table(table)


@pytest.mark.parametrize("text", ["", f"{_HEADER}\n"])
def test_table_without_rows_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(TrainingError, match="lacks the column 'file'"):
        read_slice_table(_write_table(tmp_path, text))


def test_missing_image_is_named(tmp_path: Path) -> None:
    table = _write_table(tmp_path, f"{_HEADER}\na.png,glioma,p,s\nb.png,glioma,p,s\n")
    with pytest.raises(TrainingError, match=r"b\.png"):
        read_slice_table(table)


def test_table_names_volumes_with_one_label_or_with_a_mask(tmp_path: Path) -> None:
    mask = np.zeros((24, 24, 24), np.float32)
    mask[2:22, 2:22, 9:12] = 1
    write_volume(tmp_path / "healthy_t1.nii.gz", draw_modality(1))
    write_volume(tmp_path / "ill_flair.nii", draw_modality(2))
    write_volume(tmp_path / "ill_mask.nii", mask)
    rows = "healthy_t1.nii.gz,no_tumor,anna,mine,\nill_flair.nii,glioma,ben,mine,ill_mask.nii\na.png,glioma,p,mine,\n"
    examples = read_slice_table(_write_table(tmp_path, f"{_HEADER},mask\n{rows}"))
    assert Counter((example.patient_id, example.plane) for example in examples) == {
        ("anna", "sagittal"): 7,
        ("anna", "coronal"): 7,
        ("anna", "axial"): 7,
        # Sixty voxels are too few to see: only the planes that the mask is wide in.
        ("ben", "axial"): 3,
        ("p", None): 1,
    }
    assert {example.sequence for example in examples if example.patient_id == "ben"} == {"flair"}
    assert all(example.box is not None for example in examples if example.patient_id == "ben")
