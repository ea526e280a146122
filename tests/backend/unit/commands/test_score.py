"""Where `tumorscope score` refuses to write."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tumorscope.cli import app
from tumorscope.domain.errors import InvalidRequest

pytest.importorskip("pyarrow", reason="the extra `scale` is not installed")


@pytest.mark.parametrize(("source", "output"), [("scans", "link/scores"), ("link", "scans/scores"), ("", "loop")])
def test_output_within_a_source_is_refused_by_whatever_name(source: str, output: str, tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    (tmp_path / "link").symlink_to("scans")
    (tmp_path / "loop").symlink_to("loop")
    arguments = ["score", str(tmp_path / source), "--engine", "local"]
    for written in (["--output", output], ["--output", "elsewhere", "--dicom-out", output]):
        folders = [str(tmp_path / one) if not one.startswith("--") else one for one in written]
        with pytest.raises(InvalidRequest, match="within a source"):
            CliRunner().invoke(app, [*arguments, *folders], catch_exceptions=False)
