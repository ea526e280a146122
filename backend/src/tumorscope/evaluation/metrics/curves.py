"""Scored slices in, the points of their ROC, precision-recall and calibration curves out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from tumorscope.evaluation.metrics.bootstrap import measure_figure
from tumorscope.evaluation.metrics.scored import Mask, Scored
from tumorscope.evaluation.metrics.statistics import BINS, area_under_roc, average_precision, confidence_bin

TUMOR_AGAINST_NONE = "tumor_against_none"
# A curve of more points looks the same.
_MAX_POINTS = 200


def trace_curves(scored: Scored) -> dict[str, dict[str, Any]]:
    """ROC and precision-recall curves: each class against the rest, and tumour against none.

    Of two classes one curve says everything: tumour against none, or the first against the second.

    Parameters
    ----------
    scored : Scored
        Of any labels.

    Returns
    -------
    dict
        By class, or ``tumor_against_none``: ``roc`` (``fpr``, ``tpr``), ``precision_recall`` (``recall``,
        ``precision``), ``auc``, ``average_precision``. A curve that lacks positives or negatives is
        left out.
    """
    known = scored.take(scored.of_known_class)
    pairs: dict[str, tuple[Scored, NDArray[np.float64], Mask]] = {}
    if len(scored.class_names) > 2 or not scored.knows_no_tumor:
        shown = scored.class_names if len(scored.class_names) > 2 else scored.class_names[:1]
        for number, name in enumerate(shown):
            pairs[name] = (known, known.probabilities[:, number], known.labels == name)
    if scored.knows_no_tumor:
        pairs[TUMOR_AGAINST_NONE] = (scored, scored.tumor_probability, scored.with_tumor)
    return {name: _trace(*pair) for name, pair in pairs.items() if 0 < pair[2].sum() < len(pair[2])}


def trace_calibration(scored: Scored) -> list[dict[str, float | int]]:
    """How often the most probable class is right, by its probability.

    Parameters
    ----------
    scored : Scored
        Of any labels; those of unstated kind are left out.

    Returns
    -------
    list of dict
        For each of the equal bins of probability that holds slices: ``low``, ``high``, ``n``, mean ``confidence`` and
        ``accuracy``.
    """
    part = scored.take(scored.of_known_class)
    if not len(part):
        return []
    confidence, correct = part.probabilities.max(axis=1), part.predicted == part.labels
    bins = confidence_bin(confidence)
    return [
        {
            "low": round(number / BINS, 4),
            "high": round((number + 1) / BINS, 4),
            "n": int((bins == number).sum()),
            "confidence": round(float(confidence[bins == number].mean()), 4),
            "accuracy": round(float(correct[bins == number].mean()), 4),
        }
        for number in np.unique(bins)
    ]


def _trace(part: Scored, scores: NDArray[np.float64], positive: Mask) -> dict[str, Any]:
    fpr, tpr, _ = roc_curve(positive, scores)
    precision, recall, _ = precision_recall_curve(positive, scores, drop_intermediate=True)

    return {
        "roc": {"fpr": _thin(fpr), "tpr": _thin(tpr)},
        "precision_recall": {"recall": _thin(recall), "precision": _thin(precision)},
        "auc": measure_figure(part, lambda _, weights: area_under_roc(scores, positive, weights)),
        "average_precision": measure_figure(part, lambda _, weights: average_precision(scores, positive, weights)),
    }


def _thin(points: NDArray[np.float64]) -> list[float]:
    """At most so many points, the first and the last among them."""
    kept = np.unique(np.linspace(0, len(points) - 1, min(len(points), _MAX_POINTS)).round().astype(int))
    return [round(float(value), 4) for value in points[kept]]
