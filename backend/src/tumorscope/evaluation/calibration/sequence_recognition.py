"""What training slices of known sequence look like to the network in, what tells sequences apart out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from tumorscope.inference.classifier import SEQUENCES

# Of the inverse of the penalty: the descriptions are of length 1, and few directions of them say much.
_INVERSE_PENALTY = 100.0
_ITERATIONS = 3000


def fit_sequences(
    described: NDArray[np.float32], sequences: Sequence[str | None], sources: Sequence[str]
) -> dict[str, NDArray[np.float32]]:
    """Fit a logistic regression, in which each sequence counts alike, and in it each collection.

    Parameters
    ----------
    described : ndarray, shape (n, features), float32
        From `inference.scope.describe_slices`, of slices that the model was made from.
    sequences : sequence of str or None, length n
        As the data states them; None of a slice that does not count.
    sources : sequence of str, length n
        Their collections.

    Returns
    -------
    dict of str to ndarray
        ``sequence_kernel``, shape (features, sequences), and ``sequence_bias``, as `model.bundle.Bundle.scope`, rounded
        as a bundle stores it. Empty where a sequence is missing.
    """
    names = np.array([name if name in SEQUENCES else "" for name in sequences])
    known = names != ""
    if set(names[known].tolist()) != set(SEQUENCES):
        return {}
    names, collections = names[known], np.asarray(sources)[known]
    weights = np.empty(len(names))
    for name in SEQUENCES:
        of_name = names == name
        found = np.unique(collections[of_name])
        for collection in found:
            inside = of_name & (collections == collection)
            weights[inside] = len(names) / (len(SEQUENCES) * len(found) * inside.sum())
    model = LogisticRegression(C=_INVERSE_PENALTY, max_iter=_ITERATIONS)
    model.fit(described[known], [SEQUENCES.index(name) for name in names.tolist()], weights)
    fitted = {"sequence_kernel": model.coef_.T, "sequence_bias": model.intercept_}
    return {name: array.astype(np.float16).astype(np.float32) for name, array in fitted.items()}
