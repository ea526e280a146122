"""Values in, their percentiles and histograms out; six times as fast as NumPy for the whole numbers of scanners."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.scan import Pixels

# Whole numbers within this range are counted faster than sorted (0.5 ms instead of 3.4 for 512 x 512 pixels).
_MAX_LEVELS = 2**16
# Float32 holds every whole number up to here.
_MAX_WHOLE = 2**24


def find_percentiles(values: Pixels, percentiles: Sequence[float]) -> list[float]:
    """Find percentiles like `numpy.percentile`, linearly interpolated.

    Parameters
    ----------
    values : ndarray
        Finite, of any shape; at least one.
    percentiles : sequence of float
        In 0..100.

    Returns
    -------
    list of float
        One for each percentile.
    """
    positions = [percentile / 100 * (values.size - 1) for percentile in percentiles]
    ranks = sorted({min(int(position) + after, values.size - 1) for position in positions for after in (0, 1)})
    ranked = dict(zip(ranks, _find_ranked(values, ranks), strict=True))
    found = []
    for position in positions:
        lower = int(position)
        low, high = ranked[lower], ranked[min(lower + 1, values.size - 1)]
        share = position - lower
        # From the nearer value, so that a share of 0 or 1 is exact.
        found.append(low + (high - low) * share if share < 0.5 else high - (high - low) * (1 - share))
    return found


def count_levels(pixels: Pixels) -> NDArray[np.int_]:
    """The histogram of 8-bit pixels, shape (256,)."""
    levels = pixels.ravel()
    even = levels.size // 2 * 2
    # Two pixels at a time, as one 16-bit number: a third less time.
    pairs = np.bincount(levels[:even].view(np.uint16), minlength=2**16).reshape(256, 256)
    counts: NDArray[np.int_] = pairs.sum(axis=0) + pairs.sum(axis=1)
    if even < levels.size:
        counts[levels[-1]] += 1
    return counts


def count_whole_numbers(values: Pixels) -> tuple[float, NDArray[np.int_]] | None:
    """Count how often each whole number occurs.

    Parameters
    ----------
    values : ndarray
        Finite, of any shape; at least one.

    Returns
    -------
    (float, ndarray of int), or None
        The lowest value, and the counts of it and of each whole number after it; None where a value is not a whole
        number, or their range is too wide to count.
    """
    low, high = float(values.min()), float(values.max())
    if not (high - low < _MAX_LEVELS and max(-low, high) < _MAX_WHOLE and low.is_integer()):
        return None
    above = values.ravel() - np.float32(low)
    levels = above.astype(np.intp)
    return (low, np.bincount(levels)) if (levels == above).all() else None


def _find_ranked(values: Pixels, ranks: Sequence[int]) -> list[float]:
    """The values at ranks in ascending order, from 0 on."""
    if (counted := count_whole_numbers(values)) is not None:
        low, counts = counted
        return [low + int(level) for level in np.searchsorted(np.cumsum(counts), ranks, side="right")]
    ordered = np.partition(values, ranks, axis=None)
    return [float(ordered[rank]) for rank in ranks]
