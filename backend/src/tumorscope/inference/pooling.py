"""Probabilities of a volume's slices in, the study's out."""

import numpy as np
from numpy.typing import NDArray


def pool_slices(probabilities: NDArray[np.float64], no_tumor: int, reach: float) -> NDArray[np.float64]:
    """What a share of the slices reaches.

    A hundred slices are a hundred chances for a false alarm, so that a study's highest slice says little. A tumour has
    a length: a share of the slices shows it. The study is called as likely a tumour as that share of its slices
    reaches, and of the kinds that those slices show.

    Parameters
    ----------
    probabilities : ndarray, shape (slices, classes), float64, 0..1
        Each row summing to 1.
    no_tumor : int
        The class that is none.
    reach : float
        Share of the slices that must reach the study's tumour probability, from 0 (the highest slice) to 1 (the
        lowest).

    Returns
    -------
    ndarray, shape (classes,), float64, 0..1
        Summing to 1. Its tumour probability is the quantile 1 - `reach` of the slices'; the kinds share it as they do
        on average in the slices that reach it.
    """
    shares = 1 - probabilities[:, no_tumor]
    reached = float(np.quantile(shares, 1 - reach))
    reaching = shares >= reached
    mean_share = float(shares[reaching].mean())
    pooled: NDArray[np.float64] = probabilities[reaching].mean(axis=0) * (reached / mean_share if mean_share else 0.0)
    pooled[no_tumor] = 1 - reached
    return pooled
