"""Skull-stripped volumes in, z-scores within the brain out; and of a slice of these, where the brain is, in 0..1."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.scan import Pixels, Volume
from tumorscope.preprocessing.spatial import Box

ZSCORE_LIMIT = 5.0
"""Z-scores are clipped to plus and minus this. What lies outside the brain is minus this, as dark as tissue can be."""

# A brain under this share of a side is a last speck of it: the whole slice is taken then, as for a head.
_MIN_SIDE = 0.3


def normalise_brain(volume: Volume) -> Volume:
    """Z-score a skull-stripped volume within the brain.

    Parameters
    ----------
    volume : Volume
        Zero outside the brain, and only there.

    Returns
    -------
    Volume
        Inside the brain (intensity - mean) / standard deviation of the brain's voxels, clipped to -5..5; -5 outside.

    Raises
    ------
    ValueError
        No voxel is other than zero, or those that are have one intensity.
    """
    brain = volume.voxels != 0
    inside = volume.voxels[brain].astype(np.float64)
    deviation = inside.std() if inside.size else 0.0
    if not deviation > 0:
        raise ValueError("the brain has no contrast")
    inside -= inside.mean()
    inside /= deviation
    scores = np.full(volume.voxels.shape, -ZSCORE_LIMIT, np.float32)
    scores[brain] = np.clip(inside, -ZSCORE_LIMIT, ZSCORE_LIMIT)
    return replace(volume, voxels=scores)


def find_brain(pixels: Pixels, margin: float) -> Box:
    """The bounding box of the brain.

    Parameters
    ----------
    pixels : ndarray, shape (height, width, channels)
        Of volumes from `normalise_brain`.
    margin : float
        Added on each side, as a share of the box's larger side.

    Returns
    -------
    Box
        Of what is brain in any channel; the whole slice where that is nothing, or a speck.
    """
    height, width = pixels.shape[:2]
    brain = pixels.max(axis=2) > -ZSCORE_LIMIT
    rows, columns = np.flatnonzero(brain.any(axis=1)), np.flatnonzero(brain.any(axis=0))
    if not rows.size:
        return Box(0, 0, height, width)
    sides = int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)
    if sides[0] < _MIN_SIDE * height or sides[1] < _MIN_SIDE * width:
        return Box(0, 0, height, width)
    added = round(margin * max(sides))
    top, left = max(0, int(rows[0]) - added), max(0, int(columns[0]) - added)
    bottom, right = min(height, int(rows[-1]) + 1 + added), min(width, int(columns[-1]) + 1 + added)
    return Box(top, left, bottom - top, right - left)


def scale_scores(pixels: Pixels) -> NDArray[np.float32]:
    """Z-scores of -5..5, shape (height, width, channels), to 0..1; outside the brain becomes 0, the mean 0.5."""
    scaled = pixels.astype(np.float32)
    scaled += ZSCORE_LIMIT
    scaled *= 1 / (2 * ZSCORE_LIMIT)
    return np.clip(scaled, 0, 1, out=scaled)
