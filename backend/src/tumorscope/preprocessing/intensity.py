"""Slice pixels in, intensities in 0..1 out."""

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.scan import Pixels


def find_intensity_window(pixels: Pixels, percentiles: tuple[float, float]) -> tuple[float, float]:
    """Intensities at two percentiles of the pixels.

    Parameters
    ----------
    pixels : ndarray, shape (height, width)
        Intensities in the source's units, finite.
    percentiles : (float, float)
        Lower and upper, in 0..100.

    Returns
    -------
    (float, float)
        Lower and upper intensity; equal for a constant picture.
    """
    if pixels.dtype == np.float32:
        lower, upper = np.percentile(pixels, percentiles)
        return float(lower), float(upper)
    # For integers a histogram gives the percentiles without a sort of millions of pixels.
    cumulative = np.cumsum(np.bincount(pixels.ravel()))
    ranks = np.asarray(percentiles) / 100 * pixels.size
    indices = np.minimum(np.searchsorted(cumulative, ranks), len(cumulative) - 1)
    return float(indices[0]), float(indices[1])


def scale_to_window(pixels: Pixels, window: tuple[float, float]) -> NDArray[np.float32]:
    """Clip to the window and scale to 0..1.

    Parameters
    ----------
    pixels : ndarray, shape (height, width)
        Intensities in the source's units.
    window : (float, float)
        Intensities that become 0 and 1.

    Returns
    -------
    ndarray, shape (height, width), float32, 0..1
        All zeros where the window has no width.
    """
    lower, upper = window
    if upper <= lower:
        return np.zeros(pixels.shape, np.float32)
    scaled = pixels.astype(np.float32)
    scaled -= lower
    scaled *= 1 / (upper - lower)
    return np.clip(scaled, 0, 1, out=scaled)
