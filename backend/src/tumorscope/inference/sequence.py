"""Descriptions of a volume's slices in, the sequence that they were acquired in out."""

from collections.abc import Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.scan import SequenceName
from tumorscope.model.bundle import Bundle

NAMES: tuple[SequenceName, ...] = get_args(SequenceName)
"""In the order of the shares."""

# A sequence with less of the slices' votes is not named.
_MAJORITY = 0.5


def recognise_sequences(bundle: Bundle, described: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """Tell how likely each sequence is, slice by slice: a logistic regression on what the scope gate compares.

    Parameters
    ----------
    bundle : Bundle
        Of the model that computed the features.
    described : ndarray, shape (n, features), float32
        From `scope.describe_slices`.

    Returns
    -------
    ndarray, shape (n, sequences), float64, 0..1, or None
        In the order of `NAMES`, each row summing to 1. None for a bundle that has not learned them.
    """
    if bundle.scope is None or "sequence_kernel" not in bundle.scope:
        return None
    scores = (described @ bundle.scope["sequence_kernel"] + bundle.scope["sequence_bias"]).astype(np.float64)
    scores -= scores.max(axis=1, keepdims=True)
    exponentials = np.exp(scores)
    shares: NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares


def name_sequence(shares: Sequence[NDArray[np.float64]]) -> SequenceName | None:
    """Name the sequence of a volume from the shares of its slices; None where no sequence has the majority."""
    if not shares:
        return None
    mean = np.mean(shares, axis=0)
    return NAMES[int(mean.argmax())] if mean.max() >= _MAJORITY else None
