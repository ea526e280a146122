"""Where the head is in a slice, and the antialiased way from there to the model's square and back."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.scan import Pixels

_THUMBNAIL = 128
_HISTOGRAM_BINS = 64
# A row or column belongs to the head when this share of its cells is bright; letters and specks stay below it.
_MIN_OCCUPANCY = 0.03
# Dark bands this wide (in cells of the thumbnail) do not end the head.
_MAX_GAP = 6
# A box under this share of a side is a speck, not a head: the whole slice is taken then.
_MIN_SIDE = 0.3
# Screenshots have a bright frame; this far inside it (in cells) is air again.
_FRAME = 4
# Up to this side a table of resampling weights is small enough to hold: 128 rows of it are 2 MB.
_MAX_TABLE_SIDE = 4096


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the source slice: rows top..top+height, columns left..left+width."""

    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Geometry:
    """How the model's square lies on the source slice.

    Parameters
    ----------
    source_height, source_width : int
        Size of the source slice, in pixels.
    crop : Box
        The head, in the source slice.
    size : int
        Side of the model's square, in its own pixels.
    """

    source_height: int
    source_width: int
    crop: Box
    size: int

    @property
    def square_side(self) -> int:
        """Side of the padded square, in source pixels."""
        return max(self.crop.height, self.crop.width)

    @property
    def pad_top(self) -> int:
        """Rows of padding above the crop, in source pixels."""
        return (self.square_side - self.crop.height) // 2

    @property
    def pad_left(self) -> int:
        """Columns of padding left of the crop, in source pixels."""
        return (self.square_side - self.crop.width) // 2

    def to_source(self, row: float, column: float) -> tuple[float, float]:
        """A point of the model's square, in the source slice; pixel (i, j) has its centre at (i + 0.5, j + 0.5)."""
        scale = self.square_side / self.size
        return row * scale - self.pad_top + self.crop.top, column * scale - self.pad_left + self.crop.left

    def to_model(self, row: float, column: float) -> tuple[float, float]:
        """A point of the source slice, in the model's square; the inverse of `to_source`."""
        scale = self.size / self.square_side
        return (row - self.crop.top + self.pad_top) * scale, (column - self.crop.left + self.pad_left) * scale


def find_head(pixels: Pixels, margin: float) -> Box:
    """The bounding box of the head.

    The slice is averaged down to a thumbnail; what is brighter than a threshold halfway between its border and Otsu's
    threshold (Otsu, IEEE Trans. SMC 9, 1979) is head. Falls back to the whole slice where that finds nothing sensible.

    Parameters
    ----------
    pixels : ndarray, shape (height, width)
        Intensities, finite.
    margin : float
        Added on each side, as a share of the box's larger side.

    Returns
    -------
    Box
        Inside the slice, never empty.
    """
    height, width = pixels.shape
    whole = Box(0, 0, height, width)
    thumbnail = _average_down(pixels)
    low, high = float(thumbnail.min()), float(np.percentile(thumbnail, 99))
    if high <= low:
        return whole
    # Clipped first: what is far above may be infinitely often the difference.
    levels = np.clip(thumbnail - low, 0, high - low) / (high - low)
    background = min(_ring_level(levels, 0), _ring_level(levels, _FRAME))
    mask = levels > background + 0.5 * max(_otsu_threshold(levels) - background, 0.1)
    rows = _longest_run(mask.mean(axis=1) >= _MIN_OCCUPANCY, mask.sum(axis=1))
    columns = _longest_run(mask.mean(axis=0) >= _MIN_OCCUPANCY, mask.sum(axis=0))
    if rows is None or columns is None:
        return whole
    top, bottom = rows[0] * height / mask.shape[0], rows[1] * height / mask.shape[0]
    left, right = columns[0] * width / mask.shape[1], columns[1] * width / mask.shape[1]
    if bottom - top < _MIN_SIDE * height or right - left < _MIN_SIDE * width:
        return whole
    added = margin * max(bottom - top, right - left)
    top, left = max(0, round(top - added)), max(0, round(left - added))
    bottom, right = min(height, round(bottom + added)), min(width, round(right + added))
    return Box(top, left, bottom - top, right - left)


def resize_to_square(crop: NDArray[np.float32], geometry: Geometry) -> NDArray[np.float32]:
    """Pad a crop to a square with zeros and resample it, with a triangle filter as wide as the reduction (antialiased).

    Parameters
    ----------
    crop : ndarray, shape (crop.height, crop.width), float32
        The geometry's crop, zero meaning air.
    geometry : Geometry
        Where the crop lies.

    Returns
    -------
    ndarray, shape (size, size), float32
        In the crop's units.
    """
    if geometry.square_side > _MAX_TABLE_SIDE:
        return _resize_large(crop, geometry)
    # Columns of the weights that would meet the padding are left out: zero times anything is zero.
    weights = _triangle_weights(geometry.square_side, geometry.size)
    by_row = weights[:, geometry.pad_top : geometry.pad_top + geometry.crop.height]
    by_column = weights[:, geometry.pad_left : geometry.pad_left + geometry.crop.width]
    resized: NDArray[np.float32] = np.matmul(np.matmul(by_row, crop), by_column.T, dtype=np.float32)
    return resized


def _resize_large(crop: NDArray[np.float32], geometry: Geometry) -> NDArray[np.float32]:
    """`resize_to_square` for a long side: the longer axis first, so that a strip never becomes a wide picture."""
    if crop.shape[0] >= crop.shape[1]:
        rows = _reduce_rows(crop, geometry.square_side, geometry.pad_top, geometry.size)
        return _reduce_rows(rows.T, geometry.square_side, geometry.pad_left, geometry.size).T
    columns = _reduce_rows(crop.T, geometry.square_side, geometry.pad_left, geometry.size)
    return _reduce_rows(columns.T, geometry.square_side, geometry.pad_top, geometry.size)


def _reduce_rows(values: NDArray[np.float32], source: int, padding: int, target: int) -> NDArray[np.float32]:
    """What the product with `_triangle_weights` gives, row by row and without the weights that are zero.

    Parameters
    ----------
    values : ndarray, shape (rows, columns), float32
        From row `padding` of the source on; the source's other rows are zero.
    source, target : int
        Rows before and after; `source` is the larger.

    Returns
    -------
    ndarray, shape (target, columns), float32
        In the values' units.
    """
    scale = source / target
    reduced = np.zeros((target, values.shape[1]), np.float32)
    for row in range(target):
        centre = (row + 0.5) * scale
        first, end = max(0, int(centre - scale)), min(source, int(centre + scale) + 1)
        weights = np.maximum(0, 1 - np.abs(np.arange(first, end) + 0.5 - centre) / scale)
        weights /= weights.sum()
        inside = slice(max(first, padding), max(first, padding, min(end, padding + len(values))))
        by_row = weights[inside.start - first : inside.stop - first].astype(np.float32)
        reduced[row] = by_row @ values[inside.start - padding : inside.stop - padding]
    return reduced


def _average_down(pixels: Pixels) -> NDArray[np.float32]:
    """A thumbnail of at most 128 x 128 cells, each the mean of a block; a last partial block is left out."""
    height, width = pixels.shape
    rows, columns = min(height, _THUMBNAIL), min(width, _THUMBNAIL)
    down, across = height // rows, width // columns
    blocks = pixels[: down * (height // down), : across * (width // across)]
    by_row = blocks[::down].astype(np.float32)
    for i in range(1, down):
        by_row += blocks[i::down]
    cells = by_row[:, ::across].copy()
    for j in range(1, across):
        cells += by_row[:, j::across]
    cells /= down * across
    return cells


def _ring_level(levels: NDArray[np.float32], inset: int) -> float:
    """The level of air: the lower quartile along a ring, which the head may touch on some sides."""
    inset = min(inset, (min(levels.shape) - 1) // 2)
    inner = levels[inset : levels.shape[0] - inset, inset : levels.shape[1] - inset]
    return float(np.percentile(np.concatenate([inner[0], inner[-1], inner[:, 0], inner[:, -1]]), 25))


def _otsu_threshold(levels: NDArray[np.float32]) -> float:
    """The level in 0..1 that best parts the histogram into two classes."""
    counts, edges = np.histogram(levels, bins=_HISTOGRAM_BINS, range=(0, 1))
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = counts.sum() - below
    sum_below = np.cumsum(counts * centres)[:-1]
    sum_above = (counts * centres).sum() - sum_below
    gap = sum_below / np.maximum(below, 1) - sum_above / np.maximum(above, 1)
    return float(edges[1 + int(np.argmax(below * above * gap**2))])


def _longest_run(occupied: NDArray[np.bool_], weight: NDArray[np.int_]) -> tuple[int, int] | None:
    """Start and end (exclusive) of the run of occupied positions with the most weight, small gaps bridged."""
    positions = np.flatnonzero(occupied)
    if positions.size == 0:
        return None
    runs = np.split(positions, np.flatnonzero(np.diff(positions) > _MAX_GAP) + 1)
    best = max(runs, key=lambda run: int(weight[run].sum()))
    return int(best[0]), int(best[-1]) + 1


@lru_cache(maxsize=64)
def _triangle_weights(source: int, target: int) -> NDArray[np.float32]:
    """Resampling weights, shape (target, source); each row sums to 1. The cache is read-only."""
    scale = source / target
    support = max(scale, 1.0)
    centres = (np.arange(target) + 0.5) * scale
    distance = np.abs(np.arange(source)[None, :] + 0.5 - centres[:, None])
    weights = np.maximum(0, 1 - distance / support)
    weights /= weights.sum(axis=1, keepdims=True)
    result = weights.astype(np.float32)
    result.flags.writeable = False
    return result
