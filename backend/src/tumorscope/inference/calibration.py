"""Logits in, calibrated probabilities out."""

import numpy as np
from numpy.typing import NDArray


def calibrate(logits: NDArray[np.float32], temperature: float, chance: float = 0.0) -> NDArray[np.float64]:
    """Temperature scaling (Guo et al., arXiv 1706.04599) mixed with chance (Zhang et al., arXiv 2003.07329).

    Parameters
    ----------
    logits : ndarray, shape (n, classes)
        The network's output.
    temperature : float
        Above 1 makes the answer less sure; from the manifest.
    chance : float
        In 0..1: the share of the answer that all classes get alike, whatever the logits. It stands for slices that are
        answered wrongly however sure the network is, which no temperature describes; from the manifest.

    Returns
    -------
    ndarray, shape (n, classes), float64, 0..1
        Each row sums to 1.
    """
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    exponentials = np.exp(scaled)
    softmax = exponentials / exponentials.sum(axis=1, keepdims=True)
    probabilities: NDArray[np.float64] = (1 - chance) * softmax + chance / logits.shape[1]
    return probabilities
