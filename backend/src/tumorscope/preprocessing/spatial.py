"""Where the head is in a slice, and the antialiased way from there to the model's square and back."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.scan import Pixels
from tumorscope.preprocessing.percentiles import find_percentiles

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
# Rows of the square that are weighed together: few hold many zeros, many are many small products.
_BLOCK_ROWS = 8
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
    low, high = float(thumbnail.min()), find_percentiles(thumbnail, (99,))[0]
    if high <= low:
        return whole
    # Clipped first: what is far above may be infinitely often the difference.
    levels = np.clip(thumbnail - low, 0, high - low) / (high - low)
    background = min(_ring_level(levels, 0), _ring_level(levels, _FRAME))
    mask = levels > background + 0.5 * max(_otsu_threshold(levels) - background, 0.1)
    rows = _brightest_run(np.count_nonzero(mask, axis=1), mask.shape[1])
    columns = _brightest_run(np.count_nonzero(mask, axis=0), mask.shape[0])
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
    rows = _weigh_rows(crop, geometry.square_side, geometry.pad_top, geometry.size)
    return _weigh_rows(rows.T, geometry.square_side, geometry.pad_left, geometry.size).T


def _weigh_rows(values: NDArray[np.float32], source: int, padding: int, target: int) -> NDArray[np.float32]:
    """The product with `_triangle_weights`, without most of the weights that are zero.

    Parameters
    ----------
    values : ndarray, shape (rows, columns), float32
        From row `padding` of the source on; the source's other rows are zero.
    source, target : int
        Rows before and after.

    Returns
    -------
    ndarray, shape (target, columns), float32
        In the values' units.
    """
    weighed = np.zeros((target, values.shape[1]), np.float32)
    for block in _triangle_blocks(source, target):
        begin, end = max(block.first, padding), min(block.end, padding + len(values))
        if begin < end:
            weights = block.weights[:, begin - block.first : end - block.first]
            weighed[block.row : block.row + len(weights)] = weights @ values[begin - padding : end - padding]
    return weighed


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
    return find_percentiles(np.concatenate([inner[0], inner[-1], inner[:, 0], inner[:, -1]]), (25,))[0]


def _otsu_threshold(levels: NDArray[np.float32]) -> float:
    """The level in 0..1 that best parts the histogram into two classes."""
    bins = np.minimum((levels * _HISTOGRAM_BINS).astype(np.intp), _HISTOGRAM_BINS - 1)
    counts = np.bincount(bins.ravel(), minlength=_HISTOGRAM_BINS)
    centres = (np.arange(_HISTOGRAM_BINS) + 0.5) / _HISTOGRAM_BINS
    below = np.cumsum(counts)[:-1]
    above = counts.sum() - below
    sum_below = np.cumsum(counts * centres)[:-1]
    sum_above = (counts * centres).sum() - sum_below
    gap = sum_below / np.maximum(below, 1) - sum_above / np.maximum(above, 1)
    return (1 + int(np.argmax(below * above * gap**2))) / _HISTOGRAM_BINS


def _brightest_run(bright: NDArray[np.int_], cells: int) -> tuple[int, int] | None:
    """Start and end (exclusive) of the run of positions with most bright cells, of so many each; small gaps bridged."""
    positions = np.flatnonzero(bright / cells >= _MIN_OCCUPANCY)
    if positions.size == 0:
        return None
    ends = np.flatnonzero(np.diff(positions) > _MAX_GAP) + 1
    if not ends.size:
        return int(positions[0]), int(positions[-1]) + 1
    runs = np.split(positions, ends)
    best = max(runs, key=lambda run: int(bright[run].sum()))
    return int(best[0]), int(best[-1]) + 1


@dataclass(frozen=True, slots=True)
class _Block:
    """Some rows of a table of weights, from `row` on, and the columns first..end beyond which they are zero."""

    row: int
    first: int
    end: int
    weights: NDArray[np.float32]


@lru_cache(maxsize=64)
def _triangle_blocks(source: int, target: int) -> tuple[_Block, ...]:
    """`_triangle_weights` without most of its zeros. The cache is read-only."""
    table = _triangle_weights(source, target)
    blocks = []
    for row in range(0, target, _BLOCK_ROWS):
        rows = table[row : row + _BLOCK_ROWS]
        used = np.flatnonzero(rows.any(axis=0))
        first, end = int(used[0]), int(used[-1]) + 1
        weights = np.ascontiguousarray(rows[:, first:end])
        weights.flags.writeable = False
        blocks.append(_Block(row, first, end, weights))
    return tuple(blocks)


def _triangle_weights(source: int, target: int) -> NDArray[np.float32]:
    """Resampling weights, shape (target, source); each row sums to 1."""
    scale = source / target
    support = max(scale, 1.0)
    centres = (np.arange(target) + 0.5) * scale
    distance = np.abs(np.arange(source)[None, :] + 0.5 - centres[:, None])
    weights = np.maximum(0, 1 - distance / support)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights.astype(np.float32)
