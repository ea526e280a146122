"""``tumorscope split`` writes files that say who is held out."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.factories import make_phantom_file
from tumorscope.cli import app
from tumorscope.datasets.discover import discover_examples
from tumorscope.datasets.splits import read_split
from tumorscope.domain.errors import DatasetError


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Six patients of two collections."""
    (tmp_path / "a.png").write_bytes(make_phantom_file(size=64))
    rows = [f"a.png,glioma,p{number},{'ab'[number % 2]}" for number in range(6)]
    file = tmp_path / "table.csv"
    file.write_text("\n".join(["file,label,patient_id,source", *rows]) + "\n", encoding="utf-8")
    return file


def _split(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["split", *map(str, arguments)])


def test_folds_hold_out_every_patient_once(table: Path, tmp_path: Path) -> None:
    assert _split(table, "--folds", 3, "--output", tmp_path / "folds").exit_code == 0
    examples = discover_examples(table)
    files = sorted((tmp_path / "folds").iterdir())
    assert [file.name for file in files] == ["fold-1.json", "fold-2.json", "fold-3.json"]
    held_out = [example.patient_id for file in files for example in read_split(file, examples).validation]
    assert sorted(held_out) == [f"p{number}" for number in range(6)]


def test_source_is_left_out_as_a_whole(table: Path, tmp_path: Path) -> None:
    result = _split(table, "--leave-out", "b", "--output", tmp_path)
    assert "3 for training, 3 held out" in result.stdout
    split = read_split(tmp_path / "without-b.json", discover_examples(table))
    assert {example.source for example in split.validation} == {"b"}
    assert {example.source for example in split.training} == {"a"}


def test_extended_split_keeps_who_is_held_out_and_adds_a_fifth_of_new_sources(table: Path, tmp_path: Path) -> None:
    _split(table, "--folds", 3, "--output", tmp_path)
    before = read_split(tmp_path / "fold-1.json", discover_examples(table))
    rows = [f"a.png,no_tumor,new{number},c" for number in range(10)]
    table.write_text(table.read_text() + "\n".join(rows) + "\n", encoding="utf-8")
    result = _split(table, "--extend", tmp_path / "fold-1.json", "--output", tmp_path / "extended")
    assert "12 for training, 4 held out" in result.stdout
    after = read_split(tmp_path / "extended" / "split.json", discover_examples(table))
    assert after.validation[:2] == before.validation
    assert {example.source for example in after.validation[2:]} == {"c"}


@pytest.mark.parametrize("options", [[], ["--folds", "2", "--leave-out", "a"]])
def test_one_way_of_splitting_is_asked_for(table: Path, tmp_path: Path, options: list[str]) -> None:
    result = _split(table, *options, "--output", tmp_path)
    assert isinstance(result.exception, DatasetError)
    assert str(result.exception) == "Say one of --folds, --leave-out and --extend."
