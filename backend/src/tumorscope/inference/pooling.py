"""Probabilities of a volume's slices in, the study's out."""

import numpy as np
from numpy.typing import NDArray


def pool_slices(
    probabilities: NDArray[np.float64], tumor_probabilities: NDArray[np.float64], window_mm: float, spacing_mm: float
) -> NDArray[np.float64]:
    """The mean over the stretch of neighbouring slices that shows most tumour.

    A hundred slices are a hundred chances for a false alarm, so that a study's highest slice says little. A tumour has
    a length: it shows in slices beside one another, where false alarms mostly stand alone.

    Parameters
    ----------
    probabilities : ndarray, shape (slices, classes), float64, 0..1
        In the order of the stack, each row summing to 1.
    tumor_probabilities : ndarray, shape (slices,), float64, 0..1
        What the stretch is chosen by.
    window_mm : float
        Its length; at least one slice is taken, and at most all.
    spacing_mm : float
        Between two slices.

    Returns
    -------
    ndarray, shape (classes,), float64, 0..1
        Summing to 1.
    """
    count = min(len(probabilities), max(1, round(window_mm / spacing_mm)))
    sums = np.cumsum(np.concatenate([[0.0], tumor_probabilities]))
    start = int(np.argmax(sums[count:] - sums[:-count]))
    pooled: NDArray[np.float64] = probabilities[start : start + count].mean(axis=0)
    return pooled
