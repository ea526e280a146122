"""Scored slices in, every threshold figure of report, card and manifest out."""

from typing import Any

import numpy as np

from tumorscope.evaluation.metrics.breakdown import break_down, count_labels
from tumorscope.evaluation.metrics.curves import trace_calibration, trace_curves
from tumorscope.evaluation.metrics.definitions import HEADLINE
from tumorscope.evaluation.metrics.figures import count_confusions, measure_classes, measure_figures
from tumorscope.evaluation.metrics.scored import Scored


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
            "labels": count_labels(scored),
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
