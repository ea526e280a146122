"""Skull-stripped volumes in, z-scores within the brain out; from their slices, the brain's box and values in 0..1."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.scan import Pixels, Volume
from tumorscope.preprocessing.spatial import Box, find_bounding_box

ZSCORE_LIMIT = 5.0
"""Z-scores are clipped to plus and minus this; voxels outside the brain are minus this."""

# A smaller share of a side is only the tip of the brain: then the whole slice is taken, as for a head.
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
        All voxels are zero, or all others have the same intensity.
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
        Of the brain in any channel; the whole slice where the brain is empty or tiny.
    """
    height, width = pixels.shape[:2]
    brain = find_bounding_box(pixels.max(axis=2) > -ZSCORE_LIMIT)
    if brain is None or brain.height < _MIN_SIDE * height or brain.width < _MIN_SIDE * width:
        return Box(0, 0, height, width)
    added = round(margin * max(brain.height, brain.width))
    top, left = max(0, brain.top - added), max(0, brain.left - added)
    bottom, right = min(height, brain.top + brain.height + added), min(width, brain.left + brain.width + added)
    return Box(top, left, bottom - top, right - left)


def scale_scores(pixels: Pixels) -> NDArray[np.float32]:
    """Z-scores of -5..5, shape (height, width, channels), to 0..1; outside the brain becomes 0, the mean 0.5."""
    scaled = pixels.astype(np.float32)
    scaled += ZSCORE_LIMIT
    scaled *= 1 / (2 * ZSCORE_LIMIT)
    return np.clip(scaled, 0, 1, out=scaled)
