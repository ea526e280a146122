"""What the training slices look like to the network in, where brain MRI lies and how far a slice may be from it out."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tumorscope.evaluation.calibration.decision_limits import find_gap
from tumorscope.inference.scope import measure_distance
from tumorscope.model.bundle import Bundle
from tumorscope.model.manifest import ScopeManifest

REFUSED_PICTURES, REFUSED_MR = 0.015, 0.002
"""Shares of held-out slices that the scope gate may refuse: of images, and of slices that an MR file states."""
REFUSED_OF_HELD_OUT_COLLECTION = 0.07
"""Share of the images of a collection that is left out of the reference."""
# Slices of a group in the reference: more of all would cost a request time.
_PER_GROUP = 100
# A limit that no held-out slice is beyond lies so much further out than the last of them.
_BEYOND_ALL = 1.02


def fit_scope(described: NDArray[np.float32], groups: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """Choose the slices that others are compared with, as many of each group.

    Parameters
    ----------
    described : ndarray, shape (n, features), float32
        From `inference.scope.describe_slices`, of slices that the model was made from.
    groups : sequence of str, length n
        Their collections.

    Returns
    -------
    dict of str to ndarray
        ``reference``, as `model.bundle.Bundle.scope`, rounded as a bundle stores it.
    """
    rng = np.random.default_rng(0)
    names = np.asarray(groups)
    chosen = [rng.permutation(np.flatnonzero(names == name))[:_PER_GROUP] for name in np.unique(names)]
    reference = described[np.sort(np.concatenate(chosen))]
    return {"reference": reference.astype(np.float16).astype(np.float32)}


def find_held_out_collection_limit(
    described: NDArray[np.float32], groups: Sequence[str], collections: Sequence[str], bundle: Bundle
) -> float:
    """The distance up to which an image of a collection that is left out of the reference is a brain MRI.

    Parameters
    ----------
    described, groups
        As for `fit_scope`.
    collections : sequence of str
        Those of the groups that are collections of images.
    bundle : Bundle
        Of the model.

    Returns
    -------
    float
        Each collection is left out in turn; the mean over them of the distance that `REFUSED_OF_HELD_OUT_COLLECTION` of
        its images are beyond. 0 where there is but one collection.
    """
    names = np.asarray(groups)
    limits = []
    for name in collections:
        inside = names == name
        if inside.all():
            continue
        gate = replace(bundle, scope=fit_scope(described[~inside], names[~inside].tolist()))
        distances = measure_distance(gate, described[inside])
        assert distances is not None  # noqa: S101  (the bundle has a gate)
        limits.append(np.quantile(distances, 1 - REFUSED_OF_HELD_OUT_COLLECTION))
    return float(np.mean(limits)) if limits else 0.0


def fit_scope_limits(by_engine: NDArray[np.float64], collection_limit: float = 0.0) -> ScopeManifest:
    """The distances up to which a slice is a brain MRI.

    Parameters
    ----------
    by_engine : ndarray, shape (engines, n)
        Distances of held-out slices; the first engine's limits, which the others are to fall on the same side of.
    collection_limit : float
        From `find_held_out_collection_limit`.

    Returns
    -------
    ScopeManifest
        Limits that at most `REFUSED_PICTURES` and `REFUSED_MR` of the slices are beyond, and that are not below
        `collection_limit`, each between two slices and with no slice that engines see on either side of it.
    """
    ordered = np.sort(by_engine[0])
    beyond = by_engine > collection_limit
    engines_agree = bool((beyond == beyond[0]).all())

    def find(refused: float) -> float:
        last = len(ordered) - 1 - int(len(ordered) * refused)
        if collection_limit > ordered[last]:
            if engines_agree:
                return round(collection_limit, 4)
            last = int(np.searchsorted(ordered, collection_limit)) - 1
        if last + 1 == len(ordered):
            return round(max(collection_limit, float(ordered[-1]) * _BEYOND_ALL), 4)
        return round(find_gap(float(ordered[last]), float(ordered[last + 1]), by_engine), 4)

    return ScopeManifest(picture_limit=find(REFUSED_PICTURES), mr_limit=find(REFUSED_MR))
