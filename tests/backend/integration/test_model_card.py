"""What README and card state is what was measured, and the card is what the command writes."""

import json
import subprocess
import sys
from pathlib import Path

from tumorscope.api.settings import Settings
from tumorscope.evaluation.report.model_card import replace_figures
from tumorscope.model.bundle import read_bundle

_ROOT = Path(__file__).parents[3]
_METRICS = _ROOT / "docs" / "evaluation" / "metrics.json"


def test_committed_card_is_what_the_command_writes(tmp_path: Path) -> None:
    output = tmp_path / "MODEL_CARD.md"
    command = [sys.executable, "-m", "tumorscope", "card", str(Settings().bundle), "--metrics", str(_METRICS)]
    command += ["--tables", str(_ROOT / "docs" / "figures"), "--output", str(output)]
    subprocess.run(command, check=True, capture_output=True)
    # The plots' folder is relative to where the card lies.
    written = output.read_text(encoding="utf-8")
    plots = written.split("![Confusion matrix](")[1].split("/confusion_matrix.png")[0]
    assert written.replace(plots, "docs/evaluation") == (_ROOT / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_figures_were_measured_with_the_model_that_ships() -> None:
    measured = json.loads(_METRICS.read_text(encoding="utf-8"))
    assert measured["model"]["sha256"] == read_bundle(Settings().bundle).sha256
    assert measured["data"]["part"] == "validation"


def test_readme_states_the_measured_decisions() -> None:
    readme = (_ROOT / "README.md").read_text(encoding="utf-8")
    decisions = json.loads(_METRICS.read_text(encoding="utf-8"))["decisions"]
    assert replace_figures(readme, decisions) == readme


def test_plots_are_small() -> None:
    plots = list(_METRICS.parent.glob("*.png"))
    assert len(plots) >= 5
    assert all(plot.stat().st_size < 150_000 for plot in plots)
