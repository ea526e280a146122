"""Logits in, calibrated probabilities out."""

import numpy as np
from numpy.typing import NDArray


def calibrate(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Temperature scaling and softmax (Guo et al., arXiv 1706.04599).

    Parameters
    ----------
    logits : ndarray, shape (n, classes)
        The network's output.
    temperature : float
        Above 1 makes the answer less sure; from the manifest.

    Returns
    -------
    ndarray, shape (n, classes), float64, 0..1
        Each row sums to 1.
    """
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    exponentials = np.exp(scaled)
    probabilities: NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities
