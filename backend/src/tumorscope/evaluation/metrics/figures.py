"""Scored slices in, every figure of report and card out, each with its interval; what does not apply is left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.metrics import confusion_matrix

from tumorscope.evaluation.metrics.bootstrap import Figure, Statistic, measure_figure
from tumorscope.evaluation.metrics.scored import Mask, Scored
from tumorscope.evaluation.metrics.statistics import (
    Values,
    Weights,
    area_under_roc,
    average_precision,
    calibration_error,
    count_pairs,
    mean_over_groups,
    precision_recall_f1,
    share,
)


@dataclass(frozen=True, slots=True)
class Definition:
    """What a figure is.

    Parameters
    ----------
    title, meaning : str
        For readers: a few words; a sentence.
    rows : callable
        Which slices it is of; None where the model or the data cannot have it.
    statistic : callable
        Of those slices.
    counts : {'n', 'patients'}, optional
        Of a share: what it is a share of, slices or patients. None of what is no share.
    headline : bool
        Whether the manifest states it.
    """

    title: str
    meaning: str
    rows: Callable[[Scored], Mask | None]
    statistic: Statistic
    counts: Literal["n", "patients"] | None = None
    headline: bool = True


def _known(scored: Scored) -> Mask:
    return scored.of_known_class


def _where(mask: Callable[[Scored], Mask]) -> Callable[[Scored], Mask | None]:
    """Rows for figures of tumour against none, which a model of grades does not have."""
    return lambda scored: mask(scored) if scored.knows_no_tumor else None


def _of_stated_kind(scored: Scored) -> Mask | None:
    return np.isin(scored.labels, scored.kinds) if len(scored.kinds) > 1 else None


def _kind_by_patient(scored: Scored, weights: Weights) -> Values:
    """Share of patients whose tumour's kind has the highest mean probability over their slices, among the kinds."""
    columns = [scored.class_names.index(name) for name in scored.kinds]
    _, first, patient = np.unique(scored.patients, return_index=True, return_inverse=True)
    sums = np.stack([np.bincount(patient, scored.probabilities[:, column]) for column in columns], axis=1)
    right = np.asarray(scored.kinds)[sums.argmax(axis=1)] == scored.labels[first]
    return share(right, weights[:, first])


def _area_within_collections(scored: Scored, weights: Weights) -> Values:
    """The area over pairs of one collection each: a model that knows nothing but the collection gets a half."""
    areas, pairs = [], []
    for source in np.unique(scored.sources):
        rows = scored.sources == source
        positive, drawn = scored.with_tumor[rows], weights[:, rows]
        areas.append(area_under_roc(scored.tumor_probability[rows], positive, drawn))
        pairs.append(drawn[:, positive].sum(axis=1) * drawn[:, ~positive].sum(axis=1))
    return mean_over_groups(np.stack(areas, axis=1), np.stack(pairs, axis=1))


def _values_of_classes(which: int, scored: Scored, weights: Weights) -> Values:
    """Precision, recall or F1 (0, 1, 2) of each class, shape (rounds, classes)."""
    return precision_recall_f1(count_pairs(scored.labels, scored.predicted, scored.class_names, weights))[which]


def _mean_of_classes(which: int) -> Statistic:
    return lambda scored, weights: mean_over_groups(_values_of_classes(which, scored, weights))


def _of_class(which: int, number: int) -> Statistic:
    """Precision, recall or F1 (0, 1, 2) of the class of that number."""
    return lambda scored, weights: _values_of_classes(which, scored, weights)[:, number]


def _area_of_class(number: int, area: Callable[..., Values]) -> Statistic:
    """An area of the class of that number against the rest."""
    return lambda scored, weights: area(
        scored.probabilities[:, number], scored.labels == scored.class_names[number], weights
    )


def _macro_auc(scored: Scored, weights: Weights) -> Values:
    areas = [_area_of_class(number, area_under_roc)(scored, weights) for number in range(len(scored.class_names))]
    return mean_over_groups(np.stack(areas, axis=1))


DEFINITIONS: dict[str, Definition] = {
    "accuracy": Definition(
        "Accuracy",
        "Share of slices of known class whose most probable class is the true one.",
        _known,
        lambda scored, weights: share(scored.predicted == scored.labels, weights),
        counts="n",
    ),
    "macro_f1": Definition(
        "F1, mean of the classes",
        "Harmonic mean of precision and recall of each class, each class counting the same.",
        _known,
        _mean_of_classes(2),
    ),
    "tumor_auc": Definition(
        "Tumour against none, ROC area",
        "Probability that a slice with a tumour gets a higher tumour probability than one without.",
        _where(lambda scored: np.ones(len(scored), bool)),
        lambda scored, weights: area_under_roc(scored.tumor_probability, scored.with_tumor, weights),
    ),
    "tumor_auc_same_collections": Definition(
        "Tumour against none within the same collections, ROC area",
        "The same within the collections that hold both: there the collection does not give the class away.",
        _where(lambda scored: scored.in_same_collection),
        lambda scored, weights: area_under_roc(scored.tumor_probability, scored.with_tumor, weights),
    ),
    "tumor_kind_by_patient": Definition(
        "Tumour kind by patient",
        "Share of patients whose tumour's kind has the highest mean probability over all their tumour slices.",
        _of_stated_kind,
        _kind_by_patient,
        counts="patients",
    ),
    "ece": Definition(
        "Expected calibration error",
        "Mean gap between the probability of the chosen class and how often it is right, over 15 bins.",
        _known,
        lambda scored, weights: calibration_error(
            scored.probabilities.max(axis=1), scored.predicted == scored.labels, weights
        ),
    ),
    "tumor_auc_within_collection": Definition(
        "Tumour against none, pairs of one collection, ROC area",
        "The same where each tumour is compared with slices of its own collection alone.",
        _where(lambda scored: scored.in_same_collection),
        _area_within_collections,
        headline=False,
    ),
    "tumor_average_precision": Definition(
        "Tumour against none, PR area",
        "Mean precision over the recalls of tumour against none.",
        _where(lambda scored: np.ones(len(scored), bool)),
        lambda scored, weights: average_precision(scored.tumor_probability, scored.with_tumor, weights),
        headline=False,
    ),
    "macro_precision": Definition(
        "Precision, mean of the classes",
        "Share of a class's calls that are right, each class counting the same.",
        _known,
        _mean_of_classes(0),
        headline=False,
    ),
    "macro_recall": Definition(
        "Recall, mean of the classes",
        "Share of a class's slices that are found, each class counting the same.",
        _known,
        _mean_of_classes(1),
        headline=False,
    ),
    "macro_auc": Definition(
        "One class against the rest, mean ROC area",
        "Area under the ROC curve of each class against the others, each class counting the same.",
        _known,
        _macro_auc,
        headline=False,
    ),
}

HEADLINE = tuple(name for name, definition in DEFINITIONS.items() if definition.headline)


def measure_figures(scored: Scored, names: Sequence[str] | None = None) -> dict[str, Figure]:
    """Figures by name, in the order of `DEFINITIONS`, without those that are undefined here.

    A tumour of unstated kind counts for tumour against no tumour only.
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
            "precision": _of_class(0, number),
            "recall": _of_class(1, number),
            "f1": _of_class(2, number),
            "auc": _area_of_class(number, area_under_roc),
            "average_precision": _area_of_class(number, average_precision),
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
