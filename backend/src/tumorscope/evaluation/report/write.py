"""Measured figures in, a folder with report.html, metrics.json and the plots out."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tumorscope.datasets.example import Example
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.evaluation.report.mistakes import find_mistakes
from tumorscope.evaluation.report.plots import draw_plots
from tumorscope.evaluation.report.report import write_report
from tumorscope.inference.classifier import Classifier


def write_evaluation(
    output: Path, metrics: Mapping[str, Any], scored: Scored, judged: Sequence[Example], classifier: Classifier
) -> None:
    """Write what `measure.measure` found.

    Parameters
    ----------
    output : Path
        Folder; made where it is absent.
    metrics, scored
        From `measure.measure`.
    judged : sequence of Example
        What was scored, in order.
    classifier : Classifier
        As it is served.
    """
    output.mkdir(parents=True, exist_ok=True)
    plots = draw_plots(metrics)
    for name, png in plots.items():
        (output / f"{name}.png").write_bytes(png)
    (output / "metrics.json").write_text(json.dumps(metrics, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    report = write_report(metrics, plots, find_mistakes(scored, judged, classifier))
    (output / "report.html").write_text(report, encoding="utf-8")
