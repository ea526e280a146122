"""What the model says of a scan, in the words of the contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tumorscope.domain.labels import NO_TUMOR


class Decision(StrEnum):
    """The answer in one word."""

    TUMOR = "tumor"
    NO_TUMOR = "no_tumor"
    UNCERTAIN = "uncertain"
    OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the decision is what it is; `code` is stable, `message` is a sentence."""

    code: str
    message: str


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
        One entry a class of the served model, in 0..1, summing to 1.
    tumor_probability : float or None
        1 - P(no_tumor), in 0..1; None of a model that has no such class.
    reasons : tuple of Reason
        Why, where there is something to say.
    """

    decision: Decision
    label: str | None
    probabilities: Mapping[str, float]
    tumor_probability: float | None
    reasons: tuple[Reason, ...] = ()


_TUMOR_ASSUMED = Reason(
    "tumor_assumed",
    "This model tells kinds of tumour apart. It takes for granted that there is a tumour, and did not look for one.",
)


def decide(probabilities: Mapping[str, float], tumor_threshold: float) -> Prediction:
    """Turn class probabilities into an answer.

    A model without the class ``no_tumor`` tells kinds of tumour apart, in slices that are known to show one: it says
    nothing of how probable a tumour is, and the answer says so.

    Parameters
    ----------
    probabilities : mapping of str to float
        One entry a class, summing to 1.
    tumor_threshold : float
        The decision is ``tumor`` from this tumour probability on, in 0..1.

    Returns
    -------
    Prediction
        With decision ``tumor`` or ``no_tumor``.
    """
    tumor_classes = [name for name in probabilities if name != NO_TUMOR]
    label = max(tumor_classes, key=lambda name: probabilities[name])
    if NO_TUMOR not in probabilities:
        return Prediction(Decision.TUMOR, label, probabilities, None, (_TUMOR_ASSUMED,))
    tumor_probability = min(1.0, max(0.0, 1.0 - probabilities[NO_TUMOR]))
    if tumor_probability < tumor_threshold:
        return Prediction(Decision.NO_TUMOR, None, probabilities, tumor_probability)
    return Prediction(Decision.TUMOR, label, probabilities, tumor_probability)
