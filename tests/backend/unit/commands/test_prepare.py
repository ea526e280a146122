"""``tumorscope prepare``, as a user runs it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.brats_trees import MODALITIES, write_case
from tumorscope.cli import app
from tumorscope.commands.prepare import parse_channels
from tumorscope.domain.errors import DatasetError


def _run(tree: Path, cache: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["prepare", str(tree), "--output", str(cache), *options])


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two training cases and one for validation."""
    for name in ("BraTS20_Training_001", "BraTS20_Training_002"):
        write_case(tmp_path / "tree", name)
    write_case(tmp_path / "tree", "BraTS20_Validation_001", segmented=False)
    return tmp_path / "tree"


def test_cases_with_a_segmentation_are_prepared_and_the_others_counted(tree: Path, tmp_path: Path) -> None:
    result = _run(tree, tmp_path / "cache")
    assert result.exit_code == 0
    assert "2 cases are prepared" in result.stderr
    assert "1 without a segmentation were left out" in result.stderr
    names = {file.name for file in (tmp_path / "cache" / "cases").iterdir()}
    assert names == {f"BraTS20_Training_00{number}.{kind}" for number in (1, 2) for kind in ("npy", "json")}


def test_what_is_prepared_is_not_prepared_again(tree: Path, tmp_path: Path) -> None:
    _run(tree, tmp_path / "cache")
    kept, lost = (tmp_path / "cache" / "cases" / f"BraTS20_Training_00{number}.json" for number in (1, 2))
    before = kept.stat().st_mtime_ns
    lost.unlink()
    assert _run(tree, tmp_path / "cache").exit_code == 0
    assert kept.stat().st_mtime_ns == before
    assert lost.is_file()


def test_other_channels_need_another_cache(tree: Path, tmp_path: Path) -> None:
    _run(tree, tmp_path / "cache")
    refused = _run(tree, tmp_path / "cache", "--channels", "flair,t1,t2")
    assert isinstance(refused.exception, DatasetError)
    assert _run(tree, tmp_path / "other", "--channels", "flair,t1,t2").exit_code == 0


def test_first_fault_ends_it_unless_told_to_keep_going(tree: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        (tree / f"BraTS20_Training_00{number}" / f"BraTS20_Training_00{number}_flair.nii.gz").unlink()
    write_case(tree, "BraTS20_Training_003")
    stopped = _run(tree, tmp_path / "stopped", "--jobs", "1")
    assert isinstance(stopped.exception, DatasetError)
    kept_going = _run(tree, tmp_path / "cache", "--keep-going")
    assert kept_going.exit_code == 1
    for number in (1, 2):
        assert f"BraTS20_Training_00{number}: flair is missing" in kept_going.stderr
    assert (tmp_path / "cache" / "cases" / "BraTS20_Training_003.json").is_file()


def test_nothing_to_learn_from_is_told(tmp_path: Path) -> None:
    write_case(tmp_path / "tree", "BraTS20_Validation_001", segmented=False)
    assert isinstance(_run(tmp_path / "tree", tmp_path / "cache").exception, DatasetError)
    assert not (tmp_path / "cache").exists()


def test_channels_are_three_different_modalities() -> None:
    assert parse_channels("t1, t2,flair") == ("t1", "t2", "flair")
    for wrong in ("flair", "flair,t1ce", "flair,t1ce,t1ce", "flair,t1ce,pd", ",".join(MODALITIES), ""):
        with pytest.raises(DatasetError, match="three of flair, t1, t1ce, t2"):
            parse_channels(wrong)
