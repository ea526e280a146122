"""Slice pixels in, intensities in 0..1 out."""

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.scan import Pixels
from tumorscope.preprocessing.percentiles import count_levels, find_percentiles

# Within these, sums over an image and reciprocals of differences do not overflow float32.
_SMALLEST, _LARGEST = 1e-30, 1e28


def bring_within_range(pixels: Pixels) -> Pixels:
    """Rescale intensities near the limits of float32.

    Parameters
    ----------
    pixels : ndarray, shape (height, width)
        Intensities in the source's units, finite.

    Returns
    -------
    ndarray, shape (height, width)
        The argument itself, unless it is floating-point and its largest magnitude is near the limits of the type; then
        multiplied by a power of two, with a largest magnitude of 0.5 to 1.
    """
    if pixels.dtype != np.float32:
        return pixels
    largest = max(float(pixels.max()), -float(pixels.min()))
    if largest == 0 or _SMALLEST < largest < _LARGEST:
        return pixels
    scaled: NDArray[np.float32] = np.ldexp(pixels, -np.frexp(largest)[1])
    return scaled


def find_intensity_window(pixels: Pixels, percentiles: tuple[float, float]) -> tuple[float, float]:
    """Find the intensities at two percentiles of the pixels.

    Parameters
    ----------
    pixels : ndarray, shape (height, width)
        Intensities in the source's units, finite.
    percentiles : (float, float)
        Lower and upper, in 0..100.

    Returns
    -------
    (float, float)
        Lower and upper intensity; equal for a constant slice.
    """
    if pixels.dtype == np.float32:
        lower, upper = find_percentiles(pixels, percentiles)
        return lower, upper
    # For integers a histogram gives the percentiles without sorting millions of pixels.
    counts = count_levels(pixels) if pixels.dtype == np.uint8 else np.bincount(pixels.ravel())
    cumulative = np.cumsum(counts)
    # Ranks start at 1: rank 0 would select an empty bin.
    ranks = np.maximum(np.asarray(percentiles) / 100 * pixels.size, 1)
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
    # The reciprocal of a narrower window overflows float32.
    scaled: NDArray[np.floating] = pixels.astype(np.float32 if upper - lower > _SMALLEST else np.float64)
    scaled -= lower
    scaled *= 1 / (upper - lower)
    return np.clip(scaled, 0, 1, out=scaled).astype(np.float32, copy=False)
