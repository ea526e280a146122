"""Held-out answers in, the numbers of the trust layer out, and how they do on patients that they were not fitted on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from tumorscope.domain.prediction import DecisionRule
from tumorscope.evaluation.metrics.scored import Mask, Scored
from tumorscope.inference.scope import measure_distance
from tumorscope.model.bundle import Bundle
from tumorscope.model.manifest import (
    AnswerShares,
    OperatingFigures,
    OperatingPoint,
    OperatingPointManifest,
    ScopeManifest,
)

COVERAGE = 0.95
"""Of the prediction sets, for each class."""
REFUSED_PICTURES, REFUSED_MR = 0.015, 0.002
"""Shares of held-out slices that the scope gate may refuse: of pictures, and of slices that an MR file states."""
REFUSED_STRANGERS = 0.07
"""Share of the pictures of a collection that the gate knows nothing of."""

# So many slices are to be answered, and not uncertain.
_ANSWERED, _ANSWERED_SPAN = 0.805, 0.015
_POINTS: dict[OperatingPoint, tuple[float, str]] = {
    "screening": (0.99, "'no tumor' is not answered for 99 % of the slices with a tumour"),
    "balanced": (0.97, "'no tumor' is not answered for 97 % of the slices with a tumour"),
}
# A group of n reference slices counts n to the power of 1 - this: a large collection does not drown a small one.
_BALANCE = 0.8
# A limit that no held-out slice is beyond lies so much further out than the last of them.
_BEYOND_ALL = 1.02


def fit_rules(
    scored: Scored, by_other_engines: Sequence[NDArray[np.float64]] = ()
) -> dict[OperatingPoint, DecisionRule]:
    """Choose what is answered and what is uncertain.

    Class-conditional conformal prediction sets (Vovk, arXiv 1209.2673): a class is kept from the probability on that
    all but 1 - `COVERAGE` of its own slices reach. Every limit lies in a gap between the slices' values: on a value, or
    close to one, the rounding of the engine that answers would decide.

    Parameters
    ----------
    scored : Scored
        Calibrated answers to slices of patients that were not trained on, some of each class.
    by_other_engines : sequence of ndarray, shape (n, classes)
        Other engines' probabilities of the same slices, for limits that all fall on one side of.

    Returns
    -------
    dict of OperatingPoint to DecisionRule
        Both with the same sets and the same least confidence.
    """
    known = scored.of_known_class
    by_engine = np.stack([scored.probabilities, *by_other_engines])
    kept_from = {
        name: _keep_from(scored.labels[known] == name, by_engine[:, known, number])
        for number, name in enumerate(scored.class_names)
    }
    confidence = _fit_confidence(by_engine[:, known], np.array(list(kept_from.values())))
    tumor = np.stack([replace(scored, probabilities=one).tumor_probability for one in by_engine])
    return {
        point: DecisionRule(
            min(0.5, _limit_that_keeps(scored.with_tumor, 1 - sensitivity, tumor)), confidence, kept_from
        )
        for point, (sensitivity, _) in _POINTS.items()
    }


def describe_points(
    rules: dict[OperatingPoint, DecisionRule], figures: dict[str, Any]
) -> dict[OperatingPoint, OperatingPointManifest]:
    """The rules as the manifest has them, with what `measure_rules` says of them."""
    return {
        point: OperatingPointManifest(
            tumor_threshold=round(rule.tumor_threshold, 4),
            min_confidence=round(rule.min_confidence, 4),
            description=_POINTS[point][1],
            figures=_describe_figures(point, figures),
        )
        for point, rule in rules.items()
    }


def _describe_figures(point: OperatingPoint, figures: dict[str, Any]) -> OperatingFigures:
    def read(answer: str) -> AnswerShares:
        with_tumor, without = (figures[f"{point}_{truth}_called_{answer}"]["value"] for truth in ("tumor", "picture"))
        return AnswerShares(with_tumor=round(with_tumor, 4), without_tumor=round(without, 4))

    return OperatingFigures(tumor=read("tumor"), no_tumor=read("none"))


def fit_scope(
    described: NDArray[np.float32], groups: Sequence[str], by_other_engine: NDArray[np.float32] | None = None
) -> dict[str, NDArray[np.float32]]:
    """Where brain MRI lies, each group counting about alike.

    Parameters
    ----------
    described : ndarray, shape (n, features), float32
        From `inference.scope.describe_slices`, of slices that the model was made from.
    groups : sequence of str, length n
        Their collections.
    by_other_engine : ndarray, shape (n, features), float32, optional
        The same slices' from another engine: where engines disagree, a distance says little, and is counted less.

    Returns
    -------
    dict of str to ndarray
        ``location`` and ``whitening``, as `model.bundle.Bundle.scope`.
    """
    values = described.astype(np.float64)
    _, number, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    weights = sizes[number].astype(np.float64) ** -_BALANCE
    weights /= weights.sum()
    location = weights @ values
    spread = np.sqrt(weights @ (values - location) ** 2) + 1e-6
    standard = (values - location) / spread
    covariance = (standard * weights[:, None]).T @ standard
    # Shrunk (Ledoit & Wolf, J. Multivariate Anal. 88, 2004): some features hardly vary, or always together.
    shrinkage = float(LedoitWolf().fit(standard).shrinkage_)
    mean_variance = np.trace(covariance) / len(covariance)
    covariance = (1 - shrinkage) * covariance + shrinkage * mean_variance * np.eye(len(covariance))
    if by_other_engine is not None:
        disagreement = (by_other_engine - values) / spread
        covariance += disagreement.T @ disagreement / len(disagreement)
    whitening = np.linalg.cholesky(np.linalg.inv(covariance)) / spread[:, None]
    return {"location": location.astype(np.float32), "whitening": whitening.astype(np.float32)}


def find_stranger_limit(
    described: NDArray[np.float32], groups: Sequence[str], collections: Sequence[str], bundle: Bundle
) -> float:
    """Up to which distance a picture of a collection that the gate knows nothing of is a brain MRI.

    Parameters
    ----------
    described, groups
        As for `fit_scope`.
    collections : sequence of str
        Those of the groups that are collections of pictures.
    bundle : Bundle
        Of the model.

    Returns
    -------
    float
        Each collection is left out in turn; the mean over them of the distance that `REFUSED_STRANGERS` of its pictures
        are beyond. 0 where there is but one collection.
    """
    names = np.asarray(groups)
    limits = []
    for name in collections:
        inside = names == name
        if inside.all():
            continue
        gate = replace(bundle, scope=fit_scope(described[~inside], names[~inside].tolist()))
        distances = measure_distance(gate, described[inside])
        assert distances is not None  # noqa: S101  (the bundle has a gate)
        limits.append(np.quantile(distances, 1 - REFUSED_STRANGERS))
    return float(np.mean(limits)) if limits else 0.0


def fit_scope_limits(by_engine: NDArray[np.float64], stranger_limit: float = 0.0) -> ScopeManifest:
    """Up to which distance a slice is a brain MRI.

    Parameters
    ----------
    by_engine : ndarray, shape (engines, n)
        Distances of held-out slices; the first engine's limits, which the others are to fall on the same side of.
    stranger_limit : float
        From `find_stranger_limit`.

    Returns
    -------
    ScopeManifest
        Limits that at most `REFUSED_PICTURES` and `REFUSED_MR` of the slices are beyond, and that are not below that
        for strangers, each between two slices and with no slice that engines see on either side of it.
    """
    ordered = np.sort(by_engine[0])
    beyond = by_engine > stranger_limit
    strangers_part_none = bool((beyond == beyond[0]).all())

    def find(refused: float) -> float:
        last = len(ordered) - 1 - int(len(ordered) * refused)
        if stranger_limit > ordered[last]:
            if strangers_part_none:
                return round(stranger_limit, 4)
            last = int(np.searchsorted(ordered, stranger_limit)) - 1
        if last + 1 == len(ordered):
            return round(max(stranger_limit, float(ordered[-1]) * _BEYOND_ALL), 4)
        return round(_find_gap(float(ordered[last]), float(ordered[last + 1]), by_engine), 4)

    return ScopeManifest(picture_limit=find(REFUSED_PICTURES), mr_limit=find(REFUSED_MR))


def _keep_from(own: Mask, by_engine: NDArray[np.float64]) -> float:
    # One more than there are, for the slice that is yet to come.
    return _limit_that_keeps(own, (1 - COVERAGE) * (1 + 1 / own.sum()), by_engine) if own.any() else 0.0


def _fit_confidence(by_engine: NDArray[np.float64], kept_from: NDArray[np.float64]) -> float:
    """The confidence from which on `_ANSWERED` of the slices are answered, but for `_ANSWERED_SPAN`.

    A share, and no accuracy: the few errors that are left at high confidence would decide over that alone.
    """
    kept = by_engine >= kept_from
    likeliest = by_engine.argmax(axis=2)[:, :, None]
    is_only_one = np.take_along_axis(kept, likeliest, axis=2)[:, :, 0] & (kept.sum(axis=2) == 1)
    confidence = np.where(is_only_one, by_engine.max(axis=2), 0.0)
    low, high = np.quantile(confidence[0], [1 - _ANSWERED - _ANSWERED_SPAN, 1 - _ANSWERED + _ANSWERED_SPAN])
    return _find_gap(float(low), float(high), confidence)


def _limit_that_keeps(own: Mask, lost: float, by_engine: NDArray[np.float64]) -> float:
    """Reached by all values of a class's own slices but the lowest of them, a share of `lost` at most."""
    ordered = np.sort(by_engine[0][own])
    rank = int(len(ordered) * lost + 1e-9)
    if rank == 0:
        return 0.0
    return _find_gap(float(ordered[rank - 3]) if rank > 2 else 0.0, float(ordered[rank - 1]), by_engine)


def _find_gap(low: float, high: float, by_engine: NDArray[np.float64]) -> float:
    """Of the gaps between two limits, the middle of the widest that fewest slices lie on both sides of.

    Parameters
    ----------
    low, high : float
        Limits.
    by_engine : ndarray, shape (engines, n)
        The slices' values.
    """
    inside = by_engine[(by_engine > low) & (by_engine < high)]
    edges = np.unique(np.concatenate([[low, high], inside]))
    if len(edges) == 1:
        return low
    middles = (edges[:-1] + edges[1:]) / 2
    reached = by_engine[:, :, None] >= middles
    parted = (reached != reached[0]).any(axis=0).sum(axis=0)
    return float(middles[np.lexsort((-np.diff(edges), parted))[0]])
