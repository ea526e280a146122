"""What the model says of a scan, in the words of the contract."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from tumorscope.domain import reasons
from tumorscope.domain.labels import NO_TUMOR, TUMOR_OF_UNSTATED_KIND
from tumorscope.domain.reasons import Reason


class Decision(StrEnum):
    """The answer in one word."""

    TUMOR = "tumor"
    NO_TUMOR = "no_tumor"
    UNCERTAIN = "uncertain"
    OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True)
class DecisionRule:
    """How probabilities become a decision.

    Parameters
    ----------
    tumor_threshold : float
        Lowest tumour probability, in 0..1, of the decision ``tumor``; ``no_tumor`` is decided below it.
    min_confidence : float
        Lowest probability of the most probable class, in 0..1, that is given as an answer.
    kept_from : mapping of str to float, optional
        Lowest probability in the prediction set, of ``no_tumor`` and of a ``tumor`` of any kind; None for a model
        without such sets.
    kinds_kept_from : float
        Lowest share of the tumour probability of a kind in the set.
    """

    tumor_threshold: float
    min_confidence: float = 0.0
    kept_from: Mapping[str, float] | None = None
    kinds_kept_from: float = 0.0


@dataclass(frozen=True, slots=True)
class Prediction:
    """The model's answer for one slice.

    Parameters
    ----------
    decision : Decision
        The answer in one word.
    label : str or None
        The most probable tumour class; None unless the decision is ``tumor``.
    probabilities : mapping of str to float
        One entry a class of the served model, in 0..1, summing to 1. Not to be shown where the decision is
        ``out_of_scope``.
    tumor_probability : float or None
        1 - P(no_tumor), in 0..1; None of a model that has no such class.
    prediction_set : tuple of str or None
        The classes that the rule keeps, none of them where the slice is unlike those of any class; None of a model
        without such sets.
    reasons : tuple of Reason
        Why, where there is something to say.
    """

    decision: Decision
    label: str | None
    probabilities: Mapping[str, float]
    tumor_probability: float | None
    prediction_set: tuple[str, ...] | None = None
    reasons: tuple[Reason, ...] = ()


def decide(probabilities: Mapping[str, float], rule: DecisionRule) -> Prediction:
    """Turn class probabilities into an answer.

    A model without the class ``no_tumor`` tells kinds of tumour apart, in slices that are known to show one: it says
    nothing of how probable a tumour is, and the answer says so.

    Parameters
    ----------
    probabilities : mapping of str to float
        One entry a class, summing to 1.
    rule : DecisionRule
        The served model's, at its operating point.

    Returns
    -------
    Prediction
        ``uncertain`` where the prediction set holds both a tumour and none or more than one kind, where it lacks the
        most probable class or no class is probable enough, and where none is the most probable and a tumour is not
        improbable enough.
    """
    kept = _keep(probabilities, rule)
    label = max((name for name in probabilities if name != NO_TUMOR), key=lambda name: probabilities[name])
    doubts = _doubt(probabilities, kept, rule)
    if NO_TUMOR not in probabilities:
        assumed = (reasons.TUMOR_ASSUMED, *doubts)
        decision = Decision.UNCERTAIN if doubts else Decision.TUMOR
        return Prediction(decision, None if doubts else label, probabilities, None, kept, assumed)
    tumor_probability = min(1.0, max(0.0, 1.0 - probabilities[NO_TUMOR]))
    if doubts:
        return Prediction(Decision.UNCERTAIN, None, probabilities, tumor_probability, kept, doubts)
    if tumor_probability < rule.tumor_threshold:
        return Prediction(Decision.NO_TUMOR, None, probabilities, tumor_probability, kept)
    return Prediction(Decision.TUMOR, label, probabilities, tumor_probability, kept)


def refuse(prediction: Prediction, *why: Reason) -> Prediction:
    """The same slice as out of scope: whatever the network says of it means nothing."""
    return replace(prediction, decision=Decision.OUT_OF_SCOPE, label=None, prediction_set=None, reasons=why)


def _keep(probabilities: Mapping[str, float], rule: DecisionRule) -> tuple[str, ...] | None:
    """The prediction set: first whether a tumour is possible and whether none is, then which kinds."""
    if rule.kept_from is None:
        return None
    tumor = 1 - probabilities[NO_TUMOR]
    kinds = [name for name in probabilities if name != NO_TUMOR]
    possible = [name for name in kinds if probabilities[name] >= rule.kinds_kept_from * tumor]
    kept = (possible or kinds) if tumor >= rule.kept_from[TUMOR_OF_UNSTATED_KIND] else []
    if probabilities[NO_TUMOR] >= rule.kept_from[NO_TUMOR]:
        kept = [*kept, NO_TUMOR]
    return tuple(name for name in probabilities if name in kept)


def _doubt(probabilities: Mapping[str, float], kept: tuple[str, ...] | None, rule: DecisionRule) -> tuple[Reason, ...]:
    """Why there is no answer; nothing where there is one."""
    found = []
    if kept is not None and len(kept) > 1:
        found.append(reasons.TUMOR_AND_NONE_POSSIBLE if NO_TUMOR in kept else reasons.SEVERAL_KINDS_POSSIBLE)
    likeliest = max(probabilities, key=lambda name: probabilities[name])
    if probabilities[likeliest] < rule.min_confidence or (kept is not None and likeliest not in kept):
        found.append(reasons.LOW_CONFIDENCE)
    if likeliest == NO_TUMOR and rule.kept_from is not None and 1 - probabilities[NO_TUMOR] >= rule.tumor_threshold:
        found.append(reasons.TUMOR_NOT_EXCLUDED)
    return tuple(found)
