"""Scored slices in, every threshold figure of report, card and manifest out."""

from typing import Any

import numpy as np

from tumorscope.datasets.shortcuts import UNSTATED
from tumorscope.evaluation.metrics.curves import trace_calibration, trace_curves
from tumorscope.evaluation.metrics.figures import HEADLINE, count_confusions, measure_classes, measure_figures
from tumorscope.evaluation.metrics.scored import Scored

_GROUPED = ("accuracy", "tumor_auc", "tumor_kind_by_patient")


def summarise(scored: Scored, part_name: str, split_sha256: str | None = None) -> dict[str, Any]:
    """What can be said of scored slices alone.

    Parameters
    ----------
    scored : Scored
        Of any labels.
    part_name : str
        ``validation``, ``training``, ``all``, or a name of one's own.
    split_sha256 : str, optional
        Of the split that it is a part of.

    Returns
    -------
    dict
        Counts, figures, classes, confusions, curves, calibration, breakdown.
    """
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
        "curves": trace_curves(scored),
        "calibration": trace_calibration(scored),
        "breakdown": break_down(scored),
    }


def summarise_for_manifest(scored: Scored, engine_name: str) -> dict[str, Any]:
    """What a manifest says of its model's answers to the validation part.

    Parameters
    ----------
    scored : Scored
        Calibrated.
    engine_name : str
        Of the engine that answered.

    Returns
    -------
    dict
        ``figures``, ``classes``, ``confusion_matrix``, the points of ``roc`` and ``calibration``.
    """
    return {
        "split": "validation, by patient",
        "engine": engine_name,
        "figures": measure_figures(scored, HEADLINE),
        "classes": {
            name: {key: figures[key]["value"] for key in ("precision", "recall", "f1")}
            for name, figures in measure_classes(scored).items()
        },
        "confusion_matrix": count_confusions(scored),
        "roc": {name: {**curve["roc"], "auc": curve["auc"]["value"]} for name, curve in trace_curves(scored).items()},
        "calibration": trace_calibration(scored),
    }


def break_down(scored: Scored) -> dict[str, dict[str, dict[str, Any]]]:
    """Figures of groups.

    Parameters
    ----------
    scored : Scored
        Of any labels.

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
