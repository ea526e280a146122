"""Pixels with their spacing in, square pixels out; values at places between them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A strip of pixels thirty times as long as wide is an error of its header.
_MAX_RATIO = 30.0
# What rounding in a header may do.
_SAME = 1e-3


@dataclass(frozen=True, slots=True)
class SquarePixels:
    """Pixels, shape (rows, columns), and the millimetres between two; None where unknown."""

    pixels: NDArray[Any]
    spacing_mm: tuple[float, float] | None


def make_square(pixels: NDArray[Any], spacing_mm: tuple[float, float] | None) -> SquarePixels:
    """Stretch the axis of coarser spacing by linear interpolation.

    Parameters
    ----------
    pixels : ndarray, shape (rows, columns)
        Of any numeric type.
    spacing_mm : (float, float), optional
        Between rows and between columns; None where unknown.

    Returns
    -------
    SquarePixels
        The pixels themselves where they are square already, or their spacing is unknown or absurd; else float32.
    """
    if spacing_mm is None:
        return SquarePixels(pixels, None)
    finest, coarsest = min(spacing_mm), max(spacing_mm)
    if coarsest > _MAX_RATIO * finest:
        return SquarePixels(pixels, None)
    if coarsest <= (1 + _SAME) * finest:
        return SquarePixels(pixels, (finest, finest))
    rows = _stretch(pixels, spacing_mm[0] / finest)
    return SquarePixels(_stretch(rows.T, spacing_mm[1] / finest).T.astype(np.float32, copy=False), (finest, finest))


def sample_bilinear(
    values: NDArray[np.float32], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Values between the cells of a grid, by linear interpolation; beyond the outermost centres, the outermost's.

    Parameters
    ----------
    values : ndarray, shape (n, m), float32
        Cell (i, j) has its centre at (i + 0.5, j + 0.5).
    rows, columns : ndarray, float64
        Where, in cells.

    Returns
    -------
    ndarray, shape (len(rows), len(columns)), float32
        In the values' units.
    """
    along_rows = _interpolate(values, rows)
    return _interpolate(along_rows.T, columns).T


def _interpolate(values: NDArray[np.float32], places: NDArray[np.float64]) -> NDArray[np.float32]:
    centres = np.clip(places - 0.5, 0, len(values) - 1)
    lower = np.floor(centres).astype(int)
    upper = np.minimum(lower + 1, len(values) - 1)
    weight = (centres - lower)[:, None].astype(np.float32)
    between: NDArray[np.float32] = values[lower] * (1 - weight) + values[upper] * weight
    return between


def _stretch(pixels: NDArray[Any], factor: float) -> NDArray[Any]:
    """Linear interpolation along the first axis to `factor` times as many rows (factor >= 1)."""
    rows = pixels.shape[0]
    count = round(rows * factor)
    if count == rows:
        return pixels
    return _interpolate(pixels, (np.arange(count) + 0.5) / factor)
