"""A data set is recognised by what it holds, and a tree of class folders by its names."""

from pathlib import Path

import pytest

from tests.factories import make_phantom_file
from tumorscope.datasets.discover import discover_examples
from tumorscope.datasets.folder import official_split, read_class_tree
from tumorscope.domain.errors import DatasetError, TrainingError


def _write(root: Path, *names: str) -> None:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(make_phantom_file(size=64))


def test_class_folders_become_labels(tmp_path: Path) -> None:
    _write(
        tmp_path, "glioma_tumor/a.jpg", "Meningioma/b.png", "notumor/c.PNG", "no/d.jpg", "yes/e.jpg", "metastasis/f.png"
    )
    (tmp_path / "glioma_tumor" / "notes.txt").write_text("no picture")
    labels = {example.patient_id: example.label for example in discover_examples(tmp_path)}
    assert labels == {
        "glioma_tumor/a.jpg": "glioma",
        "Meningioma/b.png": "meningioma",
        "notumor/c.PNG": "no_tumor",
        "no/d.jpg": "no_tumor",
        "yes/e.jpg": "tumor",
        "metastasis/f.png": "metastasis",
    }


@pytest.mark.parametrize(("training", "testing"), [("Training", "Testing"), ("train", "test"), ("TRAIN", "Val")])
def test_official_parts_are_kept(tmp_path: Path, training: str, testing: str) -> None:
    _write(tmp_path, f"{training}/glioma/1.png", f"{training}/notumor/2.png", f"{testing}/glioma/1.png")
    split = official_split(tmp_path)
    assert split is not None
    assert [e.patient_id for e in split.training] == [f"{training}/glioma/1.png", f"{training}/notumor/2.png"]
    assert [e.patient_id for e in split.validation] == [f"{testing}/glioma/1.png"]
    assert sorted(e.patient_id for e in discover_examples(tmp_path)) == sorted(
        e.patient_id for e in (*split.training, *split.validation)
    )


def test_table_beside_the_class_folders_gives_patients(tmp_path: Path) -> None:
    _write(tmp_path, "Training/glioma/1.png", "Testing/glioma/1.png")
    (tmp_path / "patients.csv").write_text("patient_id,file\nanna,Testing/glioma/1.png\nben,absent.png\n")
    (tmp_path / "notes.csv").write_text("file,note\nTraining/glioma/1.png,x\n")
    examples = {e.image.path.relative_to(tmp_path).as_posix(): e.patient_id for e in read_class_tree(tmp_path)}
    assert examples == {"Testing/glioma/1.png": "anna", "Training/glioma/1.png": "Training/glioma/1.png"}


def test_parts_that_a_table_names_are_official_too(tmp_path: Path) -> None:
    _write(tmp_path, "train/1.png", "test/2.png")
    rows = "train/1.png,glioma,anna,a\ntest/2.png,glioma,ben,a\n"
    (tmp_path / "slices.csv").write_text(f"file,label,patient_id,source\n{rows}")
    for path in (tmp_path, tmp_path / "slices.csv"):
        split = official_split(path)
        assert split is not None
        assert [example.patient_id for example in split.validation] == ["ben"]


def test_tree_without_parts_has_no_official_split(tmp_path: Path) -> None:
    _write(tmp_path, "glioma/1.png", "notumor/2.png")
    assert official_split(tmp_path) is None


def test_tree_with_one_part_has_no_official_split(tmp_path: Path) -> None:
    _write(tmp_path, "Training/glioma/1.png")
    assert official_split(tmp_path) is None


def test_table_is_read_from_its_file_or_its_folder(tmp_path: Path) -> None:
    _write(tmp_path, "slices/1.png")
    (tmp_path / "slices.csv").write_text("file,label,patient_id,source\nslices/1.png,glioma,p1,a\n")
    assert discover_examples(tmp_path) == discover_examples(tmp_path / "slices.csv")
    assert [example.patient_id for example in discover_examples(tmp_path)] == ["p1"]


def test_table_that_names_a_missing_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "slices.csv").write_text("file,label,patient_id,source\nslices/1.png,glioma,p1,a\n")
    with pytest.raises(TrainingError, match=r"slices/1\.png"):
        discover_examples(tmp_path)


@pytest.mark.parametrize("name", ["absent", "empty"])
def test_what_is_no_data_set_is_refused_with_what_is(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match=r"slices\.csv"):
        discover_examples(tmp_path / name)
    with pytest.raises(DatasetError, match="class folders"):
        read_class_tree(tmp_path / name)
