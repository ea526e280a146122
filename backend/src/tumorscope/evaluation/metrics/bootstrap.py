"""A statistic of scored slices in, its value with a 95 % interval by bootstrap over patients out."""

from collections.abc import Callable
from typing import TypedDict

import numpy as np

from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.evaluation.metrics.statistics import Values, Weights

ROUNDS = 1000
CONFIDENCE = 0.95
# Weights of one call; a bootstrap of more slices goes in several, so that memory stays small.
_MAX_WEIGHTS = 4_000_000

Statistic = Callable[[Scored, Weights], Values]


class Figure(TypedDict):
    """One measured number.

    ``low`` and ``high`` bound the 95 % interval; they are None where a single patient leaves nothing to draw from.
    ``n`` counts slices.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    patients: int


def measure_figure(part: Scored, statistic: Statistic) -> Figure | None:
    """A statistic and its confidence interval; None where it is undefined, as it is without examples.

    Patients are drawn with replacement, each with all slices: a patient drawn twice counts as two.
    """
    if not len(part):
        return None
    value = float(statistic(part, np.ones((1, len(part))))[0])
    if np.isnan(value):
        return None
    patients, group = np.unique(part.patients, return_inverse=True)
    low: float | None = None
    high: float | None = None
    if len(patients) > 1:
        # The same draws for every figure, so that adding one changes no other.
        rng = np.random.default_rng(0)
        draws = rng.multinomial(len(patients), np.full(len(patients), 1 / len(patients)), size=ROUNDS)
        step = max(1, _MAX_WEIGHTS // len(part))
        values = np.concatenate(
            [statistic(part, draws[start : start + step, group].astype(np.float64)) for start in range(0, ROUNDS, step)]
        )
        bounds = np.nanquantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        low, high = (round(float(bound), 4) for bound in bounds)
    return Figure(value=round(value, 4), low=low, high=high, n=len(part), patients=len(patients))
