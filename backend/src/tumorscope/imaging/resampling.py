"""Pixels in, the same on a grid of another size or of square pixels out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Pixels more than thirty times as long as wide are an error of the header.
_MAX_RATIO = 30.0
# Rounding in a header.
_SAME = 1e-3


@dataclass(frozen=True, slots=True)
class SquarePixels:
    """Pixels, shape (rows, columns), and their spacing in millimetres; None where unknown."""

    pixels: NDArray[Any]
    spacing_mm: tuple[float, float] | None


def make_square(pixels: NDArray[Any], spacing_mm: tuple[float, float] | None) -> SquarePixels:
    """Interpolate the axis of coarser spacing linearly, so that pixels become square.

    Parameters
    ----------
    pixels : ndarray, shape (rows, columns)
        Of any numeric type.
    spacing_mm : (float, float), optional
        Between rows and between columns; None where unknown.

    Returns
    -------
    SquarePixels
        The pixels unchanged where they are square, or the spacing is unknown or invalid; else float32.
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


def resize_antialiased(values: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """Resize values, shape (n, m), with Pillow's bilinear filter: a triangle as wide as the reduction."""
    resized = Image.fromarray(np.ascontiguousarray(values)).resize((columns, rows), Image.Resampling.BILINEAR)
    return np.asarray(resized)


def average_blocks(values: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """Reduce a grid to the means of blocks of `rows` x `columns` cells; a last partial block is left out."""
    height, width = values.shape
    box = (0, 0, width // columns * columns, height // rows * rows)
    return np.asarray(Image.fromarray(np.ascontiguousarray(values)).reduce((columns, rows), box))


def _stretch(pixels: NDArray[Any], factor: float) -> NDArray[Any]:
    """Linear interpolation along the first axis to `factor` times as many rows (factor >= 1).

    Not Pillow's: its affine transform leaves the last row black where its centre falls on the border (5 rows times
    1.5), and takes 9 times as long (0.25 ms instead of 0.03 for 30 x 256 pixels); its resize cannot keep the spacing
    where the factor gives no whole number of rows.
    """
    rows = pixels.shape[0]
    count = round(rows * factor)
    if count == rows:
        return pixels
    centres = np.clip((np.arange(count) + 0.5) / factor - 0.5, 0, rows - 1)
    lower = np.floor(centres).astype(int)
    upper = np.minimum(lower + 1, rows - 1)
    weight = (centres - lower)[:, None].astype(np.float32)
    stretched: NDArray[np.float32] = pixels[lower] * (1 - weight) + pixels[upper] * weight
    return stretched
