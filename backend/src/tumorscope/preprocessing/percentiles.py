"""Values in, those that a share of them does not exceed out, without a full sort."""

from collections.abc import Sequence

import numpy as np

from tumorscope.domain.scan import Pixels

# Whole numbers within so wide a range are counted faster than they are sorted.
_MAX_LEVELS = 2**16
# Float32 holds whole numbers up to here.
_MAX_WHOLE = 2**24


def find_percentiles(values: Pixels, percentiles: Sequence[float]) -> list[float]:
    """What `numpy.percentile` gives, linear between two values.

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
        # From the nearer of the two, so that a share of 0 or 1 gives it exactly.
        found.append(low + (high - low) * share if share < 0.5 else high - (high - low) * (1 - share))
    return found


def _find_ranked(values: Pixels, ranks: Sequence[int]) -> list[float]:
    """The values at places of their rising order, from 0 on."""
    low, high = float(values.min()), float(values.max())
    if high - low < _MAX_LEVELS and max(-low, high) < _MAX_WHOLE and low.is_integer():
        above = values.ravel() - np.float32(low)
        levels = above.astype(np.intp)
        if (levels == above).all():
            cumulative = np.cumsum(np.bincount(levels))
            return [low + int(level) for level in np.searchsorted(cumulative, ranks, side="right")]
    ordered = np.partition(values, ranks, axis=None)
    return [float(ordered[rank]) for rank in ranks]
