"""Held-out answers in, the numbers that turn logits into decisions out: calibration, sets, operating points."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.labels import NO_TUMOR, TUMOR_OF_UNSTATED_KIND
from tumorscope.domain.prediction import Decision, DecisionRule, decide
from tumorscope.evaluation.calibration.temperature import fit_calibration, recover_logits
from tumorscope.evaluation.metrics.scored import Mask, Scored
from tumorscope.inference.classifier import calibrate
from tumorscope.model.manifest import OperatingPoint

COVERAGE = 0.95
"""Of the prediction sets, for each class."""
# At `balanced` so many slices are answered, and not uncertain.
_ANSWERED, _ANSWERED_SPAN = 0.805, 0.015
# At `screening` "no tumor" is answered for at most this share of the slices with a tumour, and at most up to this share
# of the tumour probability that `balanced` allows: external collections are harder than these.
_OVERLOOKED, _SHARE_OF_BALANCED = 0.01, 0.5
# At `screening` a class is answered that is more probable than all others together.
_MAJORITY = 0.5
# Limits are placed in a gap between answers, within this share of where they are aimed at.
_SPAN = 0.1
# At `balanced` the tumour probability has no limit beside the confidence.
_NO_FURTHER_LIMIT = 0.5


@dataclass(frozen=True, slots=True)
class FittedDecisions:
    """How logits become decisions, as fitted on held-out slices; the parts are those of the manifest."""

    temperature: float
    uniform_weight: float
    rules: dict[OperatingPoint, DecisionRule]


def fit_decisions(scored: Scored, by_other_engines: Sequence[NDArray[np.float32]] = ()) -> FittedDecisions:
    """Fit calibration on answers at temperature 1, then rules on the calibrated answers; see `fit_rules`."""
    calibration = fit_calibration(scored)
    calibrated = replace(scored, probabilities=calibrate(recover_logits(scored.probabilities), *calibration))
    return FittedDecisions(
        *calibration, fit_rules(calibrated, [calibrate(logits, *calibration) for logits in by_other_engines])
    )


def fit_rules(
    scored: Scored, by_other_engines: Sequence[NDArray[np.float64]] = ()
) -> dict[OperatingPoint, DecisionRule]:
    """Choose what is answered and what is uncertain.

    Conformal prediction sets (Vovk, arXiv 1209.2673) in two levels, each loses half of what `COVERAGE` allows: a
    tumour, and none, is kept from the probability on that its slices reach; then a kind from the share of the tumour
    probability on that slices of known kind reach with theirs. At `balanced` both answers need the same confidence. At
    `screening` "no tumor" needs more and "tumor" less. Every limit lies in a gap between slices: on a value,
    or close to one, the rounding of the engine that answers would decide.

    Parameters
    ----------
    scored : Scored
        Calibrated answers to slices of patients that were not trained on, some of each class.
    by_other_engines : sequence of ndarray, shape (n, classes)
        Other engines' probabilities of the same slices, for limits that all fall on one side of.

    Returns
    -------
    dict of OperatingPoint to DecisionRule
        Both with the same sets.
    """
    known = scored.of_known_class
    by_engine = np.stack([scored.probabilities, *by_other_engines])
    tumor = np.stack([replace(scored, probabilities=one).tumor_probability for one in by_engine])
    each_level = (1 + COVERAGE) / 2
    kept_from = {
        TUMOR_OF_UNSTATED_KIND: keep_from(scored.with_tumor, tumor, each_level),
        NO_TUMOR: keep_from(~scored.with_tumor, 1 - tumor, each_level),
    }
    of_kind = np.flatnonzero(known & scored.with_tumor)
    columns = [scored.class_names.index(label) for label in scored.labels[of_kind]]
    own_shares = by_engine[:, of_kind, columns] / tumor[:, of_kind]
    kinds_kept_from = keep_from(np.ones(len(of_kind), bool), own_shares, each_level)
    confidence = _confidence_of_answers(
        scored, by_engine[:, known], DecisionRule(_NO_FURTHER_LIMIT, 0.0, kept_from, kinds_kept_from)
    )
    low, high = np.quantile(confidence[0], [1 - _ANSWERED - _ANSWERED_SPAN, 1 - _ANSWERED + _ANSWERED_SPAN])
    balanced = find_gap(float(low), float(high), confidence)
    excluded = min(
        _limit_that_keeps(scored.with_tumor, _OVERLOOKED, tumor),
        _find_gap_around(_SHARE_OF_BALANCED * (1 - balanced), tumor),
    )
    return {
        "screening": DecisionRule(
            excluded, min(balanced, _find_gap_around(_MAJORITY, confidence)), kept_from, kinds_kept_from
        ),
        "balanced": DecisionRule(_NO_FURTHER_LIMIT, balanced, kept_from, kinds_kept_from),
    }


def keep_from(own: Mask, by_engine: NDArray[np.float64], coverage: float = COVERAGE) -> float:
    """The limit that a share of `coverage` of a class's own values reaches; see `_limit_that_keeps`."""
    # One more than there are, for the slice that is yet to come.
    return _limit_that_keeps(own, (1 - coverage) * (1 + 1 / own.sum()), by_engine) if own.any() else 0.0


def _confidence_of_answers(scored: Scored, by_engine: NDArray[np.float64], rule: DecisionRule) -> NDArray[np.float64]:
    """The highest probability of what the rule answers, 0 of what it leaves uncertain; shape (engines, n)."""
    rows = by_engine.reshape(-1, by_engine.shape[2])
    named = (dict(zip(scored.class_names, row, strict=True)) for row in rows.tolist())
    answered = np.array([decide(one, rule).decision is not Decision.UNCERTAIN for one in named])
    confidence: NDArray[np.float64] = np.where(answered, rows.max(axis=1), 0.0).reshape(by_engine.shape[:2])
    return confidence


def _limit_that_keeps(own: Mask, lost: float, by_engine: NDArray[np.float64]) -> float:
    """Reached by all values of a class's own slices but the lowest of them, a share of `lost` at most."""
    ordered = np.sort(by_engine[0][own])
    rank = int(len(ordered) * lost + 1e-9)
    if rank == 0:
        return 0.0
    return find_gap(float(ordered[rank - 3]) if rank > 2 else 0.0, float(ordered[rank - 1]), by_engine)


def _find_gap_around(aim: float, by_engine: NDArray[np.float64]) -> float:
    return find_gap((1 - _SPAN) * aim, (1 + _SPAN) * aim, by_engine)


def find_gap(low: float, high: float, by_engine: NDArray[np.float64]) -> float:
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
