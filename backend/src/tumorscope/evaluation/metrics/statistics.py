"""Scored slices and their weights in, one value a round of weights out: shares, F1, areas, calibration error.

Every statistic here takes weights of shape (rounds, n): a bootstrap is one call, with the number of times that each
slice was drawn as its weight, and the plain value is the call with ones. A round without what a statistic needs, for
example without healthy slices for an area, gives NaN.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]
"""How often each round counts each slice, shape (rounds, n)."""
Values = NDArray[np.float64]
"""One value a round, shape (rounds,)."""

BINS = 15
"""Of confidence, for the calibration error."""


def divide(numerator: Values, denominator: Values) -> Values:
    """The quotient, NaN where the denominator is zero."""
    quotient: Values = np.divide(
        numerator, denominator, out=np.full(np.shape(numerator), np.nan), where=np.asarray(denominator) > 0
    )
    return quotient


def share(holds: NDArray[np.bool_], weights: Weights) -> Values:
    """Weighted share of rows for which something holds."""
    return divide(weights @ holds.astype(np.float64), weights.sum(axis=1))


def count_pairs(
    truth: NDArray[np.str_], predicted: NDArray[np.str_], names: Sequence[str], weights: Weights
) -> NDArray[np.float64]:
    """Confusion matrices.

    Parameters
    ----------
    truth, predicted : ndarray, shape (n,), str
        Class names.
    names : sequence of str
        The classes, in order.
    weights : ndarray, shape (rounds, n)
        See the module.

    Returns
    -------
    ndarray, shape (rounds, truth, predicted)
        Weighted counts.
    """
    order = {name: number for number, name in enumerate(names)}
    cells = np.array([order[t] * len(names) + order[p] for t, p in zip(truth, predicted, strict=True)], dtype=int)
    one_hot = np.zeros((len(truth), len(names) ** 2))
    one_hot[np.arange(len(truth)), cells] = 1
    return (weights @ one_hot).reshape(-1, len(names), len(names))


def precision_recall_f1(matrices: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Precision, recall and F1 of each class.

    Parameters
    ----------
    matrices : ndarray, shape (rounds, truth, predicted)
        From `count_pairs`.

    Returns
    -------
    precision, recall, f1 : ndarray, shape (rounds, classes)
        NaN for a class that does not occur; a class that occurs and is never predicted has precision 0.
    """
    hits = np.diagonal(matrices, axis1=1, axis2=2)
    occurs, predicted = matrices.sum(axis=2), matrices.sum(axis=1)
    recall = divide(hits, occurs)
    precision = np.where(occurs > 0, np.nan_to_num(divide(hits, predicted)), np.nan)
    f1 = np.where(occurs > 0, np.nan_to_num(divide(2 * hits, occurs + predicted)), np.nan)
    return precision, recall, f1


def mean_over_groups(values: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> Values:
    """The mean of each round over the groups that have a value, shape (rounds, groups) in; plain, or weighted."""
    known = ~np.isnan(values)
    by = known.astype(np.float64) if weights is None else np.where(known, weights, 0)
    return divide((np.nan_to_num(values) * by).sum(axis=1), by.sum(axis=1))


def area_under_roc(scores: NDArray[np.float64], positive: NDArray[np.bool_], weights: Weights) -> Values:
    """Probability that a positive has a higher score than a negative, ties counting half."""
    hits, misses = _by_threshold(scores, positive, weights)
    below = misses.cumsum(axis=1) - misses
    return divide((hits * (below + misses / 2)).sum(axis=1), hits.sum(axis=1) * misses.sum(axis=1))


def average_precision(scores: NDArray[np.float64], positive: NDArray[np.bool_], weights: Weights) -> Values:
    """Area under the steps of the precision-recall curve, as scikit-learn has it."""
    hits, misses = (counts[:, ::-1] for counts in _by_threshold(scores, positive, weights))
    found, called = hits.cumsum(axis=1), (hits + misses).cumsum(axis=1)
    precision = np.nan_to_num(divide(found, called))
    both = (hits.sum(axis=1) > 0) & (misses.sum(axis=1) > 0)
    return np.where(both, divide((hits * precision).sum(axis=1), hits.sum(axis=1)), np.nan)


def confidence_bin(confidence: NDArray[np.float64]) -> NDArray[np.int_]:
    """Which of the equal bins of 0..1 each confidence is in."""
    bins: NDArray[np.int_] = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return bins


def calibration_error(confidence: NDArray[np.float64], correct: NDArray[np.bool_], weights: Weights) -> Values:
    """Mean gap between confidence and accuracy over equal bins of confidence (Guo et al., arXiv 1706.04599)."""
    one_hot = np.eye(BINS)[confidence_bin(confidence)]
    gaps = np.abs(weights @ (one_hot * (correct - confidence)[:, None]))
    return divide(gaps.sum(axis=1), weights.sum(axis=1))


def _by_threshold(
    scores: NDArray[np.float64], positive: NDArray[np.bool_], weights: Weights
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weight of positives and of negatives at each distinct score, lowest first: two of shape (rounds, scores)."""
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    drawn = weights[:, order]
    hits = np.add.reduceat(drawn * positive[order], first, axis=1)
    return hits, np.add.reduceat(drawn, first, axis=1) - hits
