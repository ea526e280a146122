"""Slices that the served model has answered in, whether a candidate agrees out: shadow traffic."""

from collections import deque
from dataclasses import dataclass

from tumorscope.domain.errors import InputError
from tumorscope.domain.prediction import Prediction
from tumorscope.domain.scan import Slice
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.pipeline import predict_scan

# Slices that wait for the candidate take memory besides everything else.
_MAX_QUEUED = 4
_MAX_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class ShadowPlan:
    """How many live slices a candidate answers before it may serve, and for how many seconds at most."""

    slices: int
    limit_s: float


@dataclass(frozen=True, slots=True)
class ShadowFigures:
    """How many slices both models answered, and on how many they agreed."""

    compared: int = 0
    agreed: int = 0


class Shadow:
    """The queue of answered slices for the candidate; short, in memory only."""

    def __init__(self) -> None:
        # Threads append, and the event loop pops: both are atomic.
        self._queued: deque[tuple[Slice, Prediction]] = deque()

    def offer(self, scan: Slice, prediction: Prediction) -> None:
        """Queue a slice and its answer if there is room."""
        if len(self._queued) < _MAX_QUEUED and scan.pixels.nbytes <= _MAX_BYTES:
            self._queued.append((scan, prediction))

    def take(self) -> tuple[Slice, Prediction] | None:
        """Pop the oldest, or None."""
        return self._queued.popleft() if self._queued else None


def answers_alike(candidate: Classifier, scan: Slice, served: Prediction) -> bool:
    """Run the candidate, and return whether it decides as the served model did.

    Parameters
    ----------
    candidate : Classifier
        The new model.
    scan : Slice
        Of a live request.
    served : Prediction
        The served model's prediction.

    Returns
    -------
    bool
        False also if the candidate takes another kind of input, which a new model may.

    Raises
    ------
    AnswerNotFinite
        The candidate gave infinity or not a number.
    """
    try:
        prediction = predict_scan(candidate, scan).prediction
    except InputError:
        return False
    return (prediction.decision, prediction.label) == (served.decision, served.label)
