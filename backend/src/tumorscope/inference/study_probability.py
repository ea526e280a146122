"""The region with the most evidence in, a study's tumour probability and decision out."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.labels import NO_TUMOR, TUMOR_OF_UNSTATED_KIND
from tumorscope.domain.prediction import Decision, DecisionRule, Prediction, decide
from tumorscope.inference.findings import Region
from tumorscope.model.manifest import STUDY_FEATURES, OperatingPoint, StudyManifest

_LOWEST = 0.01
_EXTENT_SCALE_MM = 10.0


def describe_study(region: Region | None, highest: float, planes: int) -> NDArray[np.float64]:
    """Describe the evidence of a study by few numbers.

    Parameters
    ----------
    region : Region, optional
        With the most evidence; None where there is none.
    highest : float
        Highest tumour probability of a slice, in 0..1: the peak where there is no region.
    planes : int
        How many were read.

    Returns
    -------
    ndarray, shape (4,), float64
        In the order of `STUDY_FEATURES`: logit of the highest probability, log(1 + extent / 10 mm), share of the other
        two planes that agree, and 1 where all three were read.
    """
    peak = float(np.clip(highest if region is None else region.peak_share, _LOWEST, 1 - _LOWEST))
    extent = 0.0 if region is None else float(np.log1p(region.extent_mm / _EXTENT_SCALE_MM))
    agreement = 0.0 if region is None else (len(region.planes) - 1) / 2
    return np.array([np.log(peak / (1 - peak)), extent, agreement, float(planes == 3)])


def weigh(study: StudyManifest, described: NDArray[np.float64]) -> float:
    """The tumour probability, in 0..1, by the logistic regression."""
    weights = np.array([study.coefficients[name] for name in STUDY_FEATURES])
    return float(1 / (1 + np.exp(-(study.intercept + described @ weights))))


def decide_study(
    probability: float, kinds: Mapping[str, float], study: StudyManifest, point: OperatingPoint, rule: DecisionRule
) -> Prediction:
    """Decide whether a study shows a tumour by the study's limits, and of which kind by those of slices.

    Parameters
    ----------
    probability : float
        Of a tumour, in 0..1.
    kinds : mapping of str to float
        How probable each class is in the region; ``no_tumor`` is passed over.
    study : StudyManifest
        Its limits.
    point : OperatingPoint
        Which of them.
    rule : DecisionRule
        Of the model's slices.
    """
    share = sum(value for name, value in kinds.items() if name != NO_TUMOR) or 1.0
    given = {name: 0.0 if name == NO_TUMOR else value / share for name, value in kinds.items()}
    limits = study.operating_points[point]
    of_study = DecisionRule(limits.tumor_threshold, limits.min_confidence, study.kept_from)
    whether = decide({TUMOR_OF_UNSTATED_KIND: probability, NO_TUMOR: 1 - probability}, of_study)
    which = decide(given, rule)
    kept = whether.prediction_set or ()
    of_kinds = which.prediction_set or tuple(name for name in kinds if name != NO_TUMOR)
    kept_names = {*kept, *(of_kinds if TUMOR_OF_UNSTATED_KIND in kept else ())}
    answer = which if whether.decision is Decision.TUMOR else whether
    return Prediction(
        answer.decision,
        answer.label,
        {name: 1 - probability if name == NO_TUMOR else probability * value for name, value in given.items()},
        probability,
        tuple(name for name in kinds if name in kept_names),
        answer.reasons,
    )
