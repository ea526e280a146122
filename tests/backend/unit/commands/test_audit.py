"""``tumorscope audit`` writes what it found, and its exit status says whether the split leaks."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.planting import COPIES
from tumorscope.cli import app
from tumorscope.datasets.discover import discover_examples
from tumorscope.datasets.splits import Split, write_split
from tumorscope.imaging.phantom import draw_phantom


def _write(root: Path, name: str, seed: int, copy: str = "copied") -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(COPIES[copy](draw_phantom(seed, lesion=False, size=256)))


def _audit(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["audit", *map(str, arguments)])


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for number, name in enumerate(("Training/glioma/1", "Training/notumor/2", "Testing/glioma/3", "Testing/notumor/4")):
        _write(tmp_path / "tree", f"{name}.png", number)
    return tmp_path / "tree"


def test_clean_tree_passes(tree: Path, tmp_path: Path) -> None:
    result = _audit(tree, "--output", tmp_path / "out")
    assert result.exit_code == 0
    assert "No patient and no image is on both sides" in result.stdout
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"audit.html", "audit.json"}


def test_copy_in_the_official_testing_part_fails(tree: Path, tmp_path: Path) -> None:
    _write(tree, "Testing/notumor/copy.png", 1, "rotated-90")
    result = _audit(tree, "--output", tmp_path / "out")
    assert result.exit_code == 1
    assert "1 validation image has a near-duplicate in training." in result.stdout
    content = json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))
    assert content["leakage"]["validation_files"] == ["Testing/notumor/copy.png"]


def test_patients_of_a_table_beside_the_class_folders_are_told_apart(tree: Path, tmp_path: Path) -> None:
    (tree / "patients.csv").write_text("file,patient_id\nTraining/glioma/1.png,anna\nTesting/glioma/3.png,anna\n")
    result = _audit(tree, "--output", tmp_path / "out")
    assert result.exit_code == 1
    assert "1 patient is on both sides." in result.stdout


def test_named_split_goes_before_the_official_one(tree: Path, tmp_path: Path) -> None:
    _write(tree, "Testing/notumor/copy.png", 1)
    examples = discover_examples(tree)
    held_out = tuple(example for example in examples if example.patient_id == "Testing/glioma/3.png")
    write_split(Split(tuple(set(examples) - set(held_out)), held_out), tmp_path / "split.json")
    result = _audit(tree, "--split", tmp_path / "split.json", "--output", tmp_path / "out")
    assert result.exit_code == 0
    assert json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))["validation"] == 1


def test_data_without_parts_is_split_by_patient(tmp_path: Path) -> None:
    for number in range(10):
        _write(tmp_path / "tree", f"glioma/{number}.png", number)
    assert _audit(tmp_path / "tree", "--output", tmp_path / "out").exit_code == 0
    content = json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))
    assert (content["training"], content["validation"]) == (8, 2)
