"""Logits in, calibrated probabilities out."""

import numpy as np
from numpy.typing import NDArray


def calibrate(logits: NDArray[np.float32], temperature: float, uniform_weight: float = 0.0) -> NDArray[np.float64]:
    """Temperature scaling (Guo et al., arXiv 1706.04599), mixed with a uniform distribution.

    The mixture describes label noise (Zhang et al., arXiv 2003.07329): slices that are misclassified however confident
    the network is, which no temperature corrects.

    Parameters
    ----------
    logits : ndarray, shape (n, classes)
        The network's output.
    temperature : float
        Above 1 lowers the confidence; from the manifest.
    uniform_weight : float
        In 0..1: the weight of the uniform distribution; from the manifest.

    Returns
    -------
    ndarray, shape (n, classes), float64, 0..1
        Each row sums to 1.
    """
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    exponentials = np.exp(scaled)
    softmax = exponentials / exponentials.sum(axis=1, keepdims=True)
    probabilities: NDArray[np.float64] = (1 - uniform_weight) * softmax + uniform_weight / logits.shape[1]
    return probabilities
