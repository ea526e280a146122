"""``tumorscope train`` leaves out sources whose licence restricts use, when asked."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.factories import make_phantom_file
from tumorscope.cli import app
from tumorscope.domain.errors import TrainingError


def _train(folder: Path, *options: str) -> BaseException | None:
    arguments = ["train", "vgg16_transfer", "--data", str(folder / "table.csv"), "--run-folder", str(folder / "run")]
    return CliRunner().invoke(app, [*arguments, *options]).exception


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One patient of a source that restricts use, and one of an open source."""
    for name, seed in (("a.png", 1), ("b.png", 2)):
        (tmp_path / name).write_bytes(make_phantom_file(size=64, seed=seed))
    rows = ["a.png,glioma,p1,TCGA-LGG", "b.png,glioma,p2,figshare-1512427"]
    (tmp_path / "table.csv").write_text("\n".join(["file,label,patient_id,source", *rows]) + "\n")
    return tmp_path


def test_open_licences_alone_are_trained_on(folder: Path) -> None:
    table = folder / "table.csv"
    table.write_text(table.read_text().replace("figshare-1512427", "Br35H"))
    error = _train(folder, "--licences", "open")
    assert isinstance(error, TrainingError)
    assert str(error) == "The training part is empty."


def test_all_sources_are_trained_on_by_default(folder: Path) -> None:
    error = _train(folder)
    assert isinstance(error, TrainingError)
    # A fifth of two patients is nobody.
    assert str(error) == "The validation part is empty."
