"""Scored slices in, every figure of report and card out, each with its interval; what does not apply is left out."""

from collections.abc import Sequence

from sklearn.metrics import confusion_matrix

from tumorscope.evaluation.metrics.bootstrap import Figure, measure_figure
from tumorscope.evaluation.metrics.definitions import DEFINITIONS, area_of_class, of_class
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.evaluation.metrics.statistics import area_under_roc, average_precision


def measure_figures(scored: Scored, names: Sequence[str] | None = None) -> dict[str, Figure]:
    """Figures by name, in the order of `DEFINITIONS`.

    Parameters
    ----------
    scored : Scored
        Slices of any labels; a tumour of unstated kind counts for tumour against no tumour only.
    names : sequence of str, optional
        Only these.

    Returns
    -------
    dict of str to Figure
        Without those that are undefined here.
    """
    figures = {}
    for name, definition in DEFINITIONS.items():
        rows = definition.rows(scored) if names is None or name in names else None
        figure = None if rows is None else measure_figure(scored.take(rows), definition.statistic)
        if figure is not None:
            figures[name] = figure
    return figures


def measure_classes(scored: Scored) -> dict[str, dict[str, Figure]]:
    """Precision, recall, F1 and areas of each class that occurs, one against the rest."""
    part = scored.take(scored.of_known_class)
    classes = {}
    for number, name in enumerate(scored.class_names):
        statistics = {
            "precision": of_class(0, number),
            "recall": of_class(1, number),
            "f1": of_class(2, number),
            "auc": area_of_class(number, area_under_roc),
            "average_precision": area_of_class(number, average_precision),
        }
        figures = {key: figure for key, one in statistics.items() if (figure := measure_figure(part, one)) is not None}
        if figures:
            classes[name] = figures
    return classes


def count_confusions(scored: Scored) -> list[list[int]]:
    """Slices by truth (rows) and most probable class (columns), in the order of the model's classes."""
    part = scored.take(scored.of_known_class)
    if not len(part):
        return [[0] * len(scored.class_names) for _ in scored.class_names]
    counts: list[list[int]] = confusion_matrix(part.labels, part.predicted, labels=scored.class_names).tolist()
    return counts
