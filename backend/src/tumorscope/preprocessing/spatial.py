"""The head's bounding box in a slice, and the mapping between the slice and the model's square."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.scan import Pixels
from tumorscope.imaging.formats.raster import average_blocks, resize_antialiased
from tumorscope.preprocessing.intensity import find_percentiles

_THUMBNAIL = 128
_HISTOGRAM_BINS = 64
# A row or column belongs to the head if this share of its cells is bright; letters and specks stay below.
_MIN_OCCUPANCY = 0.03
# Dark bands up to this width (in cells of the thumbnail) do not end the head.
_MAX_GAP = 6
# A box with a smaller share of a side is not a head: then the whole slice is taken.
_MIN_SIDE = 0.3
# Screenshots have a bright frame; this far inside (in cells) there is air.
_FRAME = 4
_MAX_ASPECT = 32


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the source slice: rows top..top+height, columns left..left+width."""

    top: int
    left: int
    height: int
    width: int


def find_bounding_box(mask: NDArray[np.bool_]) -> Box | None:
    """The smallest box that holds a mask, shape (height, width); None for an empty mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    top, left = int(rows[0]), int(columns[0])
    return Box(top, left, int(rows[-1]) + 1 - top, int(columns[-1]) + 1 - left)


@dataclass(frozen=True, slots=True)
class Geometry:
    """The mapping between the model's square and the source slice.

    Parameters
    ----------
    source_height, source_width : int
        Size of the source slice, in pixels.
    crop : Box
        The head in the source slice.
    size : int
        Side of the model's square, in pixels.
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
        """Map a point of the square to the source slice; pixel (i, j) has its centre at (i + 0.5, j + 0.5)."""
        scale = self.square_side / self.size
        return row * scale - self.pad_top + self.crop.top, column * scale - self.pad_left + self.crop.left

    def to_model(self, row: float, column: float) -> tuple[float, float]:
        """Map a point of the source slice to the square; the inverse of `to_source`."""
        scale = self.size / self.square_side
        return (row - self.crop.top + self.pad_top) * scale, (column - self.crop.left + self.pad_left) * scale


def find_head(pixels: Pixels, margin: float) -> Box:
    """Find the bounding box of the head.

    Cells of a thumbnail above a threshold halfway between its border and Otsu's threshold (Otsu, IEEE Trans. SMC 9,
    1979) are head. Falls back to the whole slice.

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
    whole = _trim_strip(Box(0, 0, height, width))
    thumbnail = _make_thumbnail(pixels)
    low, high = float(thumbnail.min()), find_percentiles(thumbnail, (99,))[0]
    if high <= low:
        return whole
    # Clipped first: the quotient of an outlier may overflow.
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
    return _trim_strip(Box(top, left, bottom - top, right - left))


def resize_to_square(crop: NDArray[np.float32], geometry: Geometry) -> NDArray[np.float32]:
    """Pad a crop to a square with zeros and resize it with antialiasing.

    Parameters
    ----------
    crop : ndarray, shape (crop.height, crop.width), float32
        The geometry's crop; zero is air.
    geometry : Geometry
        Of the crop.

    Returns
    -------
    ndarray, shape (size, size), float32
        In the crop's units.
    """
    size, side = geometry.size, geometry.square_side
    # The longer side first, without padding: a strip never becomes a large square.
    if crop.shape[0] >= crop.shape[1]:
        padded = np.zeros((size, side), np.float32)
        reduced = resize_antialiased(crop, size, crop.shape[1])
        padded[:, geometry.pad_left : geometry.pad_left + crop.shape[1]] = reduced
    else:
        padded = np.zeros((side, size), np.float32)
        reduced = resize_antialiased(crop, crop.shape[0], size)
        padded[geometry.pad_top : geometry.pad_top + crop.shape[0]] = reduced
    return resize_antialiased(padded, size, size)


def _trim_strip(box: Box) -> Box:
    """The middle of a box too long for a head: its square would need more memory than any slice."""
    height, width = min(box.height, _MAX_ASPECT * box.width), min(box.width, _MAX_ASPECT * box.height)
    return Box(box.top + (box.height - height) // 2, box.left + (box.width - width) // 2, height, width)


def _make_thumbnail(pixels: Pixels) -> NDArray[np.float32]:
    """At most 128 to 255 cells a side, each the mean of a block of pixels; a last partial block is left out."""
    rows, columns = (max(1, side // _THUMBNAIL) for side in pixels.shape)
    return average_blocks(pixels.astype(np.float32), rows, columns)


def _ring_level(levels: NDArray[np.float32], inset: int) -> float:
    """The level of air: the lower quartile along a ring, which the head may touch."""
    inset = min(inset, (min(levels.shape) - 1) // 2)
    inner = levels[inset : levels.shape[0] - inset, inset : levels.shape[1] - inset]
    return find_percentiles(np.concatenate([inner[0], inner[-1], inner[:, 0], inner[:, -1]]), (25,))[0]


def _otsu_threshold(levels: NDArray[np.float32]) -> float:
    """The level in 0..1 that best separates the histogram into two classes."""
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
    """Start and end (exclusive) of the run of positions with most bright cells; small gaps are bridged."""
    positions = np.flatnonzero(bright / cells >= _MIN_OCCUPANCY)
    if positions.size == 0:
        return None
    ends = np.flatnonzero(np.diff(positions) > _MAX_GAP) + 1
    if not ends.size:
        return int(positions[0]), int(positions[-1]) + 1
    runs = np.split(positions, ends)
    best = max(runs, key=lambda run: int(bright[run].sum()))
    return int(best[0]), int(best[-1]) + 1
