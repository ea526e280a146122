"""Weights and the moments of their inputs in, weights on an int8 grid out (GPTQ: Frantar et al., arXiv 2210.17323)."""

import numpy as np
from numpy.typing import NDArray

_STEPS = 127
"""int8 steps on either side of zero, up to a filter's largest weight."""
# Added to the diagonal, as a share of its mean, before the moments are inverted.
_DAMPING = 0.01
# Rows that share one update of the rows below: one matrix product is many times faster.
_BLOCK = 128


def round_weights(weights: NDArray[np.float32], moments: NDArray[np.float64]) -> NDArray[np.float32]:
    """Round filters to int8 steps, each weight compensating the rounding errors before it.

    Rounding each weight to the nearest step lets errors add up in the filter's output. Here each error is spread over
    the weights still to be rounded, so that outputs for such inputs change least.

    Parameters
    ----------
    weights : ndarray, shape (inputs, filters), float32
        One filter in each column.
    moments : ndarray, shape (inputs, inputs)
        The sum over examples of the products of any two inputs.

    Returns
    -------
    ndarray, shape (inputs, filters), float32
        Multiples, from -127 to 127, of each filter's step. The largest weight stays unchanged, because the converter
        derives the step from it.
    """
    left = weights.astype(np.float64)
    largest = np.abs(left).argmax(axis=0)
    step = np.maximum(np.abs(left).max(axis=0), np.finfo(np.float32).tiny) / _STEPS
    damping = _DAMPING * np.trace(moments) / len(moments) + np.finfo(np.float32).tiny
    spread = np.linalg.cholesky(np.linalg.inv(moments + damping * np.eye(len(moments)))).T
    rounded = np.empty_like(left)
    for start in range(0, len(left), _BLOCK):
        stop = min(start + _BLOCK, len(left))
        errors = np.empty((stop - start, left.shape[1]))
        for row in range(start, stop):
            nearest = np.clip(np.round(left[row] / step), -_STEPS, _STEPS) * step
            rounded[row] = np.where(largest == row, weights[row], nearest)
            errors[row - start] = (left[row] - rounded[row]) / spread[row, row]
            left[row + 1 : stop] -= np.outer(spread[row, row + 1 : stop], errors[row - start])
        left[stop:] -= spread[start:stop, stop:].T @ errors
    return rounded.astype(np.float32)
