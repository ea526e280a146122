"""A folder of answers that somebody or a disk has changed between two runs."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="the extra `scale` is not installed")

from tumorscope.domain.errors import InvalidRequest
from tumorscope.scale.answers import AnswerFolder, read_done

_MODEL = {"version": "1.0.0"}
_CLASSES = ("glioma", "no_tumor")
_STUDY = "0" * 24


def _begin(folder: Path) -> Path:
    """A folder with one part, of one failure."""
    error = {"code": "corrupt_file", "detail": "The file is empty. Export it again."}
    with AnswerFolder.open(folder, _MODEL, _CLASSES) as answers:
        answers.write([{"study": _STUDY, "files": ["a.png"], "error": error}])
    return folder / "part=000001"


def _cut(part: Path) -> None:
    os.truncate(part / "studies.parquet", 100)


def _lose_table(part: Path) -> None:
    (part / "failures.parquet").unlink()


def _copy(part: Path) -> None:
    shutil.copytree(part, part.with_name("part=copy"))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [(_cut, "part=000001 is damaged"), (_lose_table, "part=000001 is damaged"), (_copy, "part=copy is no part")],
)
def test_part_that_was_damaged_or_added_is_named(spoil: Callable[[Path], None], sentence: str, tmp_path: Path) -> None:
    spoil(_begin(tmp_path))
    with pytest.raises(InvalidRequest, match=sentence), AnswerFolder.open(tmp_path, _MODEL, _CLASSES):
        pass


def test_studies_of_a_part_that_was_removed_are_due_again(tmp_path: Path) -> None:
    part = _begin(tmp_path)
    assert read_done(tmp_path) == {_STUDY}
    shutil.rmtree(part)
    with AnswerFolder.open(tmp_path, _MODEL, _CLASSES) as answers:
        assert answers.done == set()
