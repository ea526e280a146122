"""The content of metrics.json in, the sections that report and model card share out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tumorscope.evaluation.report.tables import (
    DECISIONS_NOTE,
    HELD_OUT_NOTE,
    UNITS,
    Table,
    breakdown_table,
    class_table,
    comparison_table,
    data_sentence,
    decision_table,
    figure_table,
)

PLOTS = {
    "decisions": "Decisions by source",
    "confusion_matrix": "Confusion matrix",
    "roc": "ROC curves",
    "precision_recall": "Precision against recall",
    "calibration": "Calibration",
}
"""What each plot shows."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of level 2 or 3, a paragraph, a table and plots by name; all but the heading may be empty."""

    title: str
    words: str = ""
    table: Table = field(default_factory=list)
    plots: tuple[str, ...] = ()
    level: int = 2


def describe_evaluation(metrics: Mapping[str, Any]) -> list[Section]:
    """What was measured, what users get first.

    Parameters
    ----------
    metrics : mapping
        From `measure.measure`.
    """
    note = f"{DECISIONS_NOTE} {HELD_OUT_NOTE}" if metrics["chose_calibration"] else DECISIONS_NOTE
    answers = {unit: decision_table(metrics["decisions"], unit) for unit in UNITS}
    sections = [
        Section("What it answers", note, plots=("decisions",)),
        *(Section(UNITS[unit], table=table, level=3) for unit, table in answers.items() if metrics["decisions"][unit]),
        Section(
            "Threshold figures, as the literature reports them",
            f"{data_sentence(metrics)} These figures ask for the most probable class, or for the order of the "
            "probabilities. They count every slice, also those that the service leaves uncertain. Intervals are 95 %, "
            "by bootstrap over patients.",
            figure_table(metrics["figures"]),
            ("confusion_matrix", "roc", "precision_recall", "calibration"),
        ),
        Section("Classes", table=class_table(metrics), level=3),
    ]
    if metrics["baselines"]:
        words = (
            "Each is a small decision tree on one feature, fitted on the training part. Where one comes near, the "
            "data gives the class away, and the model deserves no credit."
        )
        sections.append(Section("Beside single-feature baselines", words, comparison_table(metrics), level=3))
    return [
        *sections,
        *(Section(f"By {by}", table=breakdown_table(metrics, by), level=3) for by in metrics["breakdown"]),
    ]
