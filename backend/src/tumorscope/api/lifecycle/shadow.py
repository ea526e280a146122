"""Slices that the served model has answered in, whether a candidate answers them too out."""

from collections import deque
from dataclasses import dataclass

from tumorscope.domain.errors import InputError
from tumorscope.domain.prediction import Prediction
from tumorscope.domain.scan import Slice
from tumorscope.inference.classifier import Classifier, classify

# What waits for the candidate is held in memory beside everything else.
_MAX_KEPT = 4
_MAX_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class ShadowPlan:
    """Up to how many live slices a candidate answers before it may serve, and for how many seconds it is tried."""

    slices: int
    limit_s: float


@dataclass(frozen=True, slots=True)
class ShadowFigures:
    """How many slices both models answered, and how many of them alike."""

    compared: int = 0
    agreed: int = 0


class Shadow:
    """Answered slices that wait for the candidate; a few at a time, in memory only."""

    def __init__(self) -> None:
        # Threads append, the event loop takes: both are atomic.
        self._kept: deque[tuple[Slice, Prediction]] = deque()

    def offer(self, scan: Slice, prediction: Prediction) -> None:
        """Keep a slice and its answer, where there is room."""
        if len(self._kept) < _MAX_KEPT and scan.pixels.nbytes <= _MAX_BYTES:
            self._kept.append((scan, prediction))

    def take(self) -> tuple[Slice, Prediction] | None:
        """The oldest; None where none waits."""
        return self._kept.popleft() if self._kept else None


def answers_alike(candidate: Classifier, scan: Slice, served: Prediction) -> bool:
    """Whether the candidate decides as the served model did.

    Parameters
    ----------
    candidate : Classifier
        Is asked the same.
    scan : Slice
        A live request's.
    served : Prediction
        What its sender was told.

    Returns
    -------
    bool
        False also where the candidate reads other inputs: a model of another kind may follow.

    Raises
    ------
    AnswerNotFinite
        The candidate's answer is no number.
    """
    try:
        prediction = classify(candidate, scan).prediction
    except InputError:
        return False
    return (prediction.decision, prediction.label) == (served.decision, served.label)
