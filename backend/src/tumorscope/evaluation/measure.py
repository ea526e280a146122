"""A classifier, examples and their split in, everything that report and card show out, as one JSON document."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from tumorscope import NOTICE
from tumorscope.datasets.example import Example
from tumorscope.evaluation.evaluate import check_labels, score_examples
from tumorscope.evaluation.metrics.baselines import measure_baselines
from tumorscope.evaluation.metrics.bootstrap import CONFIDENCE, ROUNDS
from tumorscope.evaluation.metrics.breakdown import break_down, count_labels, count_sources
from tumorscope.evaluation.metrics.curves import trace_calibration, trace_curves
from tumorscope.evaluation.metrics.figures import count_confusions, measure_classes, measure_figures, share_confusions
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.inference.classifier import Classifier


def measure(
    classifier: Classifier,
    part: Sequence[Example],
    fitted_on: Sequence[Example],
    part_name: str,
    advance: Callable[[], None],
) -> tuple[dict[str, Any], Scored]:
    """Evaluate a model.

    Parameters
    ----------
    classifier : Classifier
        As it is served.
    part : sequence of Example
        What it is judged on.
    fitted_on : sequence of Example
        The rest of the data, for the baselines; empty: no baselines.
    part_name : str
        ``validation``, ``training`` or ``all``.
    advance : callable
        Called once for each example that is classified, and once for each that a baseline reads.

    Returns
    -------
    dict
        The content of ``metrics.json``, but for the command and the split, which the caller knows.
    Scored
        The answers, in the examples' order.
    """
    manifest = classifier.bundle.manifest
    if fitted_on:
        check_labels(fitted_on, tuple(manifest.class_names))
    scored = score_examples(classifier, part, advance)
    baselines = (
        measure_baselines(fitted_on, part, scored, manifest.preprocessing_parameters, advance) if fitted_on else {}
    )
    return {
        "notice": NOTICE,
        "model": {"name": manifest.name, "version": manifest.version, "sha256": classifier.bundle.sha256},
        "engine": classifier.engine.name,
        "measured": datetime.now(UTC).date().isoformat(),
        "intervals": {"rounds": ROUNDS, "confidence": CONFIDENCE, "drawn": "patients"},
        **summarise(scored, part_name),
        "baselines": baselines,
    }, scored


def summarise(scored: Scored, part_name: str) -> dict[str, Any]:
    """What can be said of scored slices alone.

    Parameters
    ----------
    scored : Scored
        Of any labels.
    part_name : str
        ``validation``, ``training``, ``all``, or a name of one's own.

    Returns
    -------
    dict
        Counts, figures, classes, confusions, curves, calibration, breakdown.
    """
    return {
        "data": {
            "part": part_name,
            "slices": len(scored),
            "patients": len(np.unique(scored.patients)),
            "labels": count_labels(scored),
            "sources": count_sources(scored),
        },
        "class_names": list(scored.class_names),
        "tumor_threshold": scored.tumor_threshold,
        "figures": measure_figures(scored),
        "classes": measure_classes(scored),
        "confusion_matrix": count_confusions(scored),
        "confusion_shares": share_confusions(scored),
        "curves": trace_curves(scored),
        "calibration": trace_calibration(scored),
        "breakdown": break_down(scored),
    }
