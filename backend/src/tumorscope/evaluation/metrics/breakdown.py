"""Scored slices in, the figures of each source, plane and sequence out."""

from typing import Any

import numpy as np

from tumorscope.evaluation.metrics.figures import measure_figures
from tumorscope.evaluation.metrics.scored import Scored

NOT_STATED = "not stated"
"""The group of slices whose source does not say."""

_FIGURES = ("accuracy", "tumor_auc", "tumor_kind_by_patient")


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
            str(group) or NOT_STATED: _describe(scored.take(column == group))
            for group in sorted(np.unique(column), key=lambda group: (group == "", group))
        }
        for by, column in columns.items()
    }


def _describe(part: Scored) -> dict[str, Any]:
    return {
        "slices": len(part),
        "patients": len(np.unique(part.patients)),
        "labels": count_labels(part),
        "figures": measure_figures(part, _FIGURES),
    }


def count_labels(part: Scored) -> dict[str, int]:
    """Slices of each label."""
    names, counts = np.unique(part.labels, return_counts=True)
    return {str(name): int(count) for name, count in zip(names, counts, strict=True)}
