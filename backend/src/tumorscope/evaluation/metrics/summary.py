"""Scored slices in, every threshold figure of report, card and manifest out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from tumorscope.datasets.shortcuts import UNSTATED
from tumorscope.evaluation.metrics.bootstrap import measure_figure
from tumorscope.evaluation.metrics.figures import HEADLINE, count_confusions, measure_classes, measure_figures
from tumorscope.evaluation.metrics.scored import Mask, Scored
from tumorscope.evaluation.metrics.statistics import BINS, area_under_roc, average_precision, confidence_bin

TUMOR_AGAINST_NONE = "tumor_against_none"
# A curve of more points looks the same.
_MAX_POINTS = 200
_GROUPED = ("accuracy", "tumor_auc", "tumor_kind_by_patient")


def summarise(scored: Scored, part_name: str, split_sha256: str | None = None) -> dict[str, Any]:
    """What can be said of scored slices alone: counts, figures, classes, confusions, curves, calibration, breakdown."""
    return {
        "data": {
            "part": part_name,
            "split_sha256": split_sha256,
            "slices": len(scored),
            "patients": len(np.unique(scored.patients)),
            "labels": _count_labels(scored),
        },
        "class_names": list(scored.class_names),
        "figures": measure_figures(scored),
        "classes": measure_classes(scored),
        "confusion_matrix": count_confusions(scored),
        "curves": _trace_curves(scored),
        "calibration": _trace_calibration(scored),
        "breakdown": break_down(scored),
    }


def summarise_for_manifest(scored: Scored, engine_name: str) -> dict[str, Any]:
    """What a manifest says of its model's answers to the validation part."""
    return {
        "split": "validation, by patient",
        "engine": engine_name,
        "figures": measure_figures(scored, HEADLINE),
        "classes": {
            name: {key: figures[key]["value"] for key in ("precision", "recall", "f1")}
            for name, figures in measure_classes(scored).items()
        },
        "confusion_matrix": count_confusions(scored),
        "roc": {name: {**curve["roc"], "auc": curve["auc"]["value"]} for name, curve in _trace_curves(scored).items()},
        "calibration": _trace_calibration(scored),
    }


def break_down(scored: Scored) -> dict[str, dict[str, dict[str, Any]]]:
    """Figures of groups.

    Returns
    -------
    dict
        ``source``, ``plane`` and ``sequence``; in each, by group, ``slices``, ``patients``, ``labels`` (slices of each)
        and ``figures``.
    """
    columns = {"source": scored.sources, "plane": scored.planes, "sequence": scored.sequences}
    return {
        by: {
            str(group) or UNSTATED: _describe(scored.take(column == group))
            for group in sorted(np.unique(column), key=lambda group: (group == "", group))
        }
        for by, column in columns.items()
    }


def _describe(part: Scored) -> dict[str, Any]:
    return {
        "slices": len(part),
        "patients": len(np.unique(part.patients)),
        "labels": _count_labels(part),
        "figures": measure_figures(part, _GROUPED),
    }


def _count_labels(part: Scored) -> dict[str, int]:
    """Slices of each label."""
    names, counts = np.unique(part.labels, return_counts=True)
    return {str(name): int(count) for name, count in zip(names, counts, strict=True)}


def _trace_curves(scored: Scored) -> dict[str, dict[str, Any]]:
    """ROC and precision-recall curves: each class against the rest, and tumour against none.

    Of two classes one curve says everything: tumour against none, or the first against the second. A curve that lacks
    positives or negatives is left out.
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


def _trace_calibration(scored: Scored) -> list[dict[str, float | int]]:
    """How often the most probable class is right, for each of the equal bins of its probability that holds slices."""
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
