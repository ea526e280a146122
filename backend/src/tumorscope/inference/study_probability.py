"""The region with the most evidence in, a study's tumour probability and decision out."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.labels import NO_TUMOR
from tumorscope.domain.prediction import DecisionRule, Prediction, decide
from tumorscope.inference.findings import Region
from tumorscope.model.manifest import STUDY_FEATURES, OperatingPoint, StudyManifest

_LOWEST = 0.01
_EXTENT_SCALE_MM = 10.0


def describe_study(
    region: Region | None, shares: NDArray[np.float64], reach: float, planes: int
) -> NDArray[np.float64]:
    """Describe the evidence of a study by few numbers.

    Parameters
    ----------
    region : Region, optional
        With the most evidence; None where there is none.
    shares : ndarray, shape (n,), float64
        Tumour probabilities of the acquired plane's slices, in 0..1; not a number where a slice is out of scope, which
        not all are.
    reach : float
        See `inference.classifier.pool_slices`.
    planes : int
        How many were read.

    Returns
    -------
    ndarray, shape (5,), float64
        In the order of `STUDY_FEATURES`: logit of the highest probability, that of the one which a share of the slices
        reaches, log(1 + extent / 10 mm), share of the other two planes that agree, and 1 where all three were read.
    """
    peak = float(np.nanmax(shares)) if region is None else region.peak_share
    reached = float(np.nanquantile(shares, 1 - reach))
    extent = 0.0 if region is None else float(np.log1p(region.extent_mm / _EXTENT_SCALE_MM))
    agreement = 0.0 if region is None else (len(region.planes) - 1) / 2
    return np.array([_logit(peak), _logit(reached), extent, agreement, float(planes == 3)])


def _logit(probability: float) -> float:
    kept = min(max(probability, _LOWEST), 1 - _LOWEST)
    return float(np.log(kept / (1 - kept)))


def weigh(study: StudyManifest, described: NDArray[np.float64]) -> float:
    """The tumour probability, in 0..1, by the logistic regression."""
    weights = np.array([study.coefficients[name] for name in STUDY_FEATURES])
    return float(1 / (1 + np.exp(-(study.intercept + described @ weights))))


def decide_study(
    probability: float, kinds: Mapping[str, float], study: StudyManifest, point: OperatingPoint
) -> Prediction:
    """Decide whether a study shows a tumour, and of which kind, by limits of studies.

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
    """
    share = sum(value for name, value in kinds.items() if name != NO_TUMOR) or 1.0
    limits = study.operating_points[point]
    return decide(
        {name: 1 - probability if name == NO_TUMOR else probability * kinds[name] / share for name in kinds},
        DecisionRule(limits.tumor_threshold, limits.min_confidence, study.kept_from, study.kinds_kept_from),
    )
