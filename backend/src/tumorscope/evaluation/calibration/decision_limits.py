"""Held-out answers in, the numbers that turn logits into decisions out: calibration, sets, operating points."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.prediction import DecisionRule
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
    """Fit calibration, then rules on the calibrated answers.

    Parameters
    ----------
    scored : Scored
        Answers at temperature 1, of patients that were not trained on, some of each class.
    by_other_engines : sequence of ndarray, shape (n, classes), float32
        Other engines' logits of the same slices, for limits that all fall on one side of.
    """
    calibration = fit_calibration(scored)
    calibrated = replace(scored, probabilities=calibrate(recover_logits(scored.probabilities), *calibration))
    return FittedDecisions(
        *calibration, fit_rules(calibrated, [calibrate(logits, *calibration) for logits in by_other_engines])
    )


def fit_rules(
    scored: Scored, by_other_engines: Sequence[NDArray[np.float64]] = ()
) -> dict[OperatingPoint, DecisionRule]:
    """Choose what is answered and what is uncertain.

    Class-conditional conformal prediction sets (Vovk, arXiv 1209.2673): a class is kept from the probability on that
    all but 1 - `COVERAGE` of its own slices reach. At `balanced` both answers need the same confidence. At `screening`
    "no tumor" needs more and "tumor" less. Every limit lies in a gap between the slices' values: on a value, or close
    to one, the rounding of the engine that answers would decide.

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
    kept_from = {
        name: keep_from(scored.labels[known] == name, by_engine[:, known, number])
        for number, name in enumerate(scored.class_names)
    }
    confidence = _confidence_of_single_class(by_engine[:, known], np.array(list(kept_from.values())))
    low, high = np.quantile(confidence[0], [1 - _ANSWERED - _ANSWERED_SPAN, 1 - _ANSWERED + _ANSWERED_SPAN])
    balanced = find_gap(float(low), float(high), confidence)
    tumor = np.stack([replace(scored, probabilities=one).tumor_probability for one in by_engine])
    excluded = min(
        _limit_that_keeps(scored.with_tumor, _OVERLOOKED, tumor),
        _find_gap_around(_SHARE_OF_BALANCED * (1 - balanced), tumor),
    )
    return {
        "screening": DecisionRule(excluded, min(balanced, _find_gap_around(_MAJORITY, confidence)), kept_from),
        "balanced": DecisionRule(_NO_FURTHER_LIMIT, balanced, kept_from),
    }


def keep_from(own: Mask, by_engine: NDArray[np.float64]) -> float:
    """The limit that a share of `COVERAGE` of a class's own values reaches; see `_limit_that_keeps`."""
    # One more than there are, for the slice that is yet to come.
    return _limit_that_keeps(own, (1 - COVERAGE) * (1 + 1 / own.sum()), by_engine) if own.any() else 0.0


def _confidence_of_single_class(by_engine: NDArray[np.float64], kept_from: NDArray[np.float64]) -> NDArray[np.float64]:
    """The highest probability where its class is the only one in the prediction set, else 0; shape (engines, n)."""
    kept = by_engine >= kept_from
    likeliest = by_engine.argmax(axis=2)[:, :, None]
    is_only_one = np.take_along_axis(kept, likeliest, axis=2)[:, :, 0] & (kept.sum(axis=2) == 1)
    return np.where(is_only_one, by_engine.max(axis=2), 0.0)


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
