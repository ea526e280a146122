"""A slice and the network's features in, whether it is a brain MRI out: the scope gate.

Cheap checks of the pixels come first, then an out-of-distribution score: the distance to the nearest training slice
(Sun et al., arXiv 2204.06507). It compares mean activations of the lower blocks, which describe textures and parts, and
a thumbnail, which describes the layout independently of the scanner.
"""

from functools import lru_cache
from itertools import product
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain import reasons
from tumorscope.domain.errors import BundleInvalid
from tumorscope.domain.reasons import Reason
from tumorscope.domain.scan import Slice
from tumorscope.model.bundle import SCOPE_FILE, Bundle
from tumorscope.preprocessing.intensity import count_levels, count_whole_numbers, find_percentiles
from tumorscope.preprocessing.pipeline import ModelInput

_MIN_SIDE = 32
# Cells along each side: too few to show a scanner's sharpness or noise.
_THUMBNAIL = 8
# A slice without any activation, or content, has no direction.
_SHORTEST = 1e-6
_MAX_ASPECT = 4.0
_SAMPLES = 256
_GREY_LEVELS = 16
# In text, at most this share of the foreground is neither black nor white.
_MAX_BETWEEN = 0.25
_COLOURED = "mostly_coloured"

# The rim of bone on CT, in a prepared slice, along rays from the surface (brighter than _AIR) to the centre: the rim in
# the outermost part, the tissue behind it in the next.
_AIR = 0.15
_DIRECTIONS = 72
_RAY_SAMPLES = 64
_ANGLES = 2 * np.pi * np.arange(_DIRECTIONS)[:, None] / _DIRECTIONS
_STEPS = np.sin(_ANGLES), np.cos(_ANGLES)
_INWARD = np.linspace(1, 0, _RAY_SAMPLES)
_RIM_DEPTH = 0.35
_BEHIND_DEPTH = 0.5
_BONE = 0.8
_MIN_CLOSED = 0.95
# The contents and their brightest twentieth relative to the rim, and the tissue behind the rim relative to the
# contents: on MRI bone is dark, and a dark band separates the bright scalp from the brain.
_MAX_CONTENTS = 0.5
_MAX_BRIGHT_CONTENTS = 0.8
_MIN_BEHIND = 0.7

# A contact sheet, a grid of several heads: pixels that are looked at along each side.
_SHEET_SAMPLES = 144
_RANGE_PERCENTILES = (1.0, 99.5)
_HEAD, _LINE = 0.15, 0.9
# Of a gap between cells at most this share is head; of a drawn line at least the rest is bright.
_CROSSED = 0.03
_MOST_CELLS, _SMALLEST_CELL, _LONGEST_CELL = 12, 12, 2.0
# How far a gap may lie from its place in an even grid, as a share of the side.
_UNEVEN = 0.02
_EMPTY_CELL = 0.03
# A head fills so much of its cell, and spans this share of its sides about its middle.
_HEAD_SHARE, _SPAN, _OFF_CENTRE = (0.2, 0.95), 0.45, 0.2
_MOST_OF_BOX = 0.92
_HEADS_OF_FILLED, _HEADS_OF_ALL = 0.75, 0.5


def describe_slices(features: NDArray[np.float32], pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Describe slices for the out-of-distribution score.

    Parameters
    ----------
    features : ndarray, shape (n, features), float32
        From `Outputs.features`.
    pixels : ndarray, shape (n, size, size, 3), float32, 0..1
        The network's input.

    Returns
    -------
    ndarray, shape (n, features + 64), float32
        Of length 1: square roots of the features, because mean activations are skewed, and the means of 8 x 8 cells of
        the first channel.
    """
    cells = pixels.shape[1] // _THUMBNAIL
    fields = pixels[:, :, :, 0].reshape(-1, _THUMBNAIL, cells, _THUMBNAIL, cells).mean(axis=(2, 4), dtype=np.float32)
    joined = np.concatenate([np.sqrt(np.maximum(features, 0)), fields.reshape(len(pixels), -1)], axis=1)
    described: NDArray[np.float32] = joined / np.maximum(np.linalg.norm(joined, axis=1, keepdims=True), _SHORTEST)
    return described


def measure_distance(bundle: Bundle, described: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """Measure the out-of-distribution score of slices.

    Parameters
    ----------
    bundle : Bundle
        Of the model that computed the features.
    described : ndarray, shape (n, features + 64), float32
        From `describe_slices`.

    Returns
    -------
    ndarray, shape (n,), or None
        Distance to the nearest slice of the reference, in 0..1.42. None for a bundle without a scope gate.

    Raises
    ------
    BundleInvalid
        The bundle's gate uses other features.
    """
    if bundle.scope is None:
        return None
    reference = bundle.scope["reference"]
    if reference.shape[1:] != described.shape[1:]:
        raise BundleInvalid(
            f"{SCOPE_FILE} is of another version: run `tumorscope export` on the bundle, then `tumorscope calibrate`"
        )
    # Of vectors of length 1.
    nearest = (described @ reference.T).max(axis=1).astype(np.float64)
    distances: NDArray[np.float64] = np.sqrt(np.maximum(2 - 2 * nearest, 0))
    return distances


def check_slice(bundle: Bundle, scan: Slice, prepared: ModelInput) -> tuple[Reason, ...]:
    """Find reasons in the pixels of a slice, and of its model input, to refuse it; none without a scope gate."""
    if bundle.scope is None:
        return ()
    found = _check_pixels(scan)
    if found or scan.channels is not None:
        return found
    if is_contact_sheet(scan.pixels):
        return (reasons.TILED_IMAGE,)
    return (reasons.LIKE_CT,) if looks_like_ct(prepared.pixels[:, :, 0]) else ()


def has_mr_limit(scan: Slice) -> bool:
    """Whether the limit of MR files holds: the file states MR, or is NIfTI, whose values were found to be no CT or map.

    With the limit of image files, skull-stripped and z-scored volumes of real brains are refused.
    """
    return scan.modality == "MR" or scan.source_format == "nifti"


def check_distance(bundle: Bundle, is_mr: bool, distance: float) -> tuple[Reason, ...]:
    """Refuse a slice by its score from `measure_distance`, and by `has_mr_limit`."""
    trust = bundle.manifest.trust
    if trust is None:
        return ()
    limit = trust.scope.mr_limit if is_mr else trust.scope.picture_limit
    return (reasons.NOT_BRAIN_MRI,) if distance > limit else ()


def looks_like_ct(grey: NDArray[np.float32]) -> bool:
    """Whether a closed rim of bone surrounds darker contents.

    Parameters
    ----------
    grey : ndarray, shape (size, size), float32, 0..1
        A prepared slice.

    Returns
    -------
    bool
        True for a head CT in any usual window. The rule is not trained: bone is the brightest tissue on CT, and among
        the darkest on MRI.
    """
    rays = _cast_rays(grey)
    if rays is None:
        return False
    outer, contents = rays[:, : int(_RIM_DEPTH * _RAY_SAMPLES)], rays[:, int(_RIM_DEPTH * _RAY_SAMPLES) :]
    rim, peak = outer.max(axis=1), outer.argmax(axis=1)
    if np.mean(rim > _BONE) < _MIN_CLOSED:
        return False
    inward = np.arange(rays.shape[1]) > peak[:, None]
    near = inward & (np.arange(rays.shape[1]) < _BEHIND_DEPTH * _RAY_SAMPLES)
    behind = np.where(near, rays, np.inf).min(axis=1)
    bone, level = float(np.median(rim)), float(np.median(contents))
    return bool(
        level <= _MAX_CONTENTS * bone
        and find_percentiles(contents, (95,))[0] <= _MAX_BRIGHT_CONTENTS * bone
        and float(np.median(behind)) >= _MIN_BEHIND * level
    )


def is_contact_sheet(pixels: NDArray[Any]) -> bool:
    """Whether a picture, shape (rows, columns), is sure to be a grid of heads.

    Gaps without head, or bright lines, cross the whole picture where an even grid has them, and most cells hold what
    fills them like a head. A single head lies in the middle of its picture, where such a gap would cross it. Heads that
    touch are not told apart. None of 5,269 single slices of public collections is taken for one.
    """
    step = ceil(max(pixels.shape) / _SHEET_SAMPLES)
    sampled = pixels[::step, ::step].astype(np.float32)
    low, high = find_percentiles(sampled[::3, ::3], _RANGE_PERCENTILES)
    head, line = sampled > low + _HEAD * (high - low), sampled >= low + _LINE * (high - low)
    gaps = [(head.mean(axis) <= _CROSSED) | (line.mean(axis) >= 1 - _CROSSED) for axis in (1, 0)]
    # Every grid has a gap in the middle third, which spares single heads the search.
    if not any(is_gap[int(0.3 * len(is_gap)) : ceil(0.7 * len(is_gap))].any() for is_gap in gaps):
        return False
    rows, columns = ([count for count in range(1, _MOST_CELLS + 1) if _has_gaps(is_gap, count)] for is_gap in gaps)
    return any(_holds_heads(head, *shape) for shape in product(rows, columns) if shape != (1, 1))


def _check_pixels(scan: Slice) -> tuple[Reason, ...]:
    if max(scan.height, scan.width) < _MIN_SIDE:
        return (reasons.TOO_SMALL,)
    if max(scan.height, scan.width) > _MAX_ASPECT * min(scan.height, scan.width):
        return (reasons.TOO_NARROW,)
    if any(warning.code == _COLOURED for warning in scan.warnings):
        return (reasons.COLOURED,)
    steps = (max(1, scan.height // _SAMPLES), max(1, scan.width // _SAMPLES))
    counts = _count_grey_levels(scan.pixels[:: steps[0], :: steps[1]])
    if counts is None:
        return (reasons.CONSTANT,)
    foreground = counts.sum() - counts.max()
    if counts[1:-1].sum() < _MAX_BETWEEN * foreground and counts.max() in (counts[0], counts[-1]):
        return (reasons.FEW_GREY_LEVELS,)
    return ()


def _count_grey_levels(pixels: NDArray[Any]) -> NDArray[np.int_] | None:
    """A histogram of 16 bins from the darkest to the brightest pixel; None for a constant slice."""
    counted = (0.0, count_levels(pixels)) if pixels.dtype == np.uint8 else count_whole_numbers(pixels)
    levels: NDArray[np.floating[Any]]
    if counted is None:
        levels, weights = pixels.astype(np.float64), None
    else:
        # Bin each level with all its pixels at once.
        present = np.flatnonzero(counted[1])
        levels, weights = counted[0] + present, counted[1][present]
    low, high = float(levels.min()), float(levels.max())
    if not high > low:
        return None
    steps = np.minimum((levels - low) * (_GREY_LEVELS / (high - low)), _GREY_LEVELS - 1).astype(np.intp)
    return np.bincount(steps.ravel(), weights, minlength=_GREY_LEVELS).astype(np.int_)


def _cast_rays(grey: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Rays from the head's surface to its centre, shape (directions, samples); None without a head."""
    bright = grey > _AIR
    by_row, by_column = np.count_nonzero(bright, axis=1), np.count_nonzero(bright, axis=0)
    count = int(by_row.sum())
    if not count:
        return None
    middle = np.array([by_row @ np.arange(len(by_row)), by_column @ np.arange(len(by_column))]) / count
    distances, along = _draw_rays(*grey.shape)
    # A border of air, for samples outside.
    bordered = np.zeros((grey.shape[0] + 2, grey.shape[1] + 2), np.float32)
    bordered[1:-1, 1:-1] = grey
    is_bright = _sample(bordered, middle, *along) > _AIR
    # The outermost sample brighter than air; the centre if there is none.
    furthest = len(distances) - 1 - is_bright[:, ::-1].argmax(axis=1)
    surface = np.where(is_bright.any(axis=1), distances[furthest], 0)[:, None] * _INWARD
    return _sample(bordered, middle, surface * _STEPS[0], surface * _STEPS[1])


@lru_cache(maxsize=8)
def _draw_rays(height: int, width: int) -> tuple[NDArray[np.float64], tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Distances from the centre, and their row and column offsets in each direction. Read-only."""
    distances = np.linspace(0, np.hypot(height, width), 2 * max(height, width))
    return distances, (distances * _STEPS[0], distances * _STEPS[1])


def _sample(
    bordered: NDArray[np.float32], middle: NDArray[np.float64], down: NDArray[np.float64], across: NDArray[np.float64]
) -> NDArray[np.float32]:
    """The pixels at offsets from the centre, shape (directions, samples); the border outside."""
    places = None
    for axis, away in enumerate((down, across)):
        place = away + middle[axis]
        np.rint(place, out=place)
        place += 1
        np.clip(place, 0, bordered.shape[axis] - 1, out=place)
        places = place if places is None else places * bordered.shape[1] + place
    assert places is not None  # noqa: S101  (there are two axes)
    levels: NDArray[np.float32] = bordered.ravel().take(places.astype(np.intp))
    return levels


def _has_gaps(is_gap: NDArray[np.bool_], cells: int) -> bool:
    width = max(1, round(_UNEVEN * len(is_gap)))
    places = [round(number * len(is_gap) / cells) for number in range(1, cells)]
    return all(is_gap[max(0, place - width) : place + width + 1].any() for place in places)


def _holds_heads(head: NDArray[np.bool_], rows: int, columns: int) -> bool:
    height, width = head.shape[0] / rows, head.shape[1] / columns
    if min(height, width) < _SMALLEST_CELL or max(height, width) > _LONGEST_CELL * min(height, width):
        return False
    cells = [
        head[round(row * height) : round((row + 1) * height), round(column * width) : round((column + 1) * width)]
        for row in range(rows)
        for column in range(columns)
    ]
    filled = [cell for cell in cells if cell.mean() >= _EMPTY_CELL]
    heads = sum(map(_is_filled_like_a_head, filled))
    return heads >= max(2, _HEADS_OF_FILLED * len(filled), _HEADS_OF_ALL * len(cells))


def _is_filled_like_a_head(cell: NDArray[np.bool_]) -> bool:
    if not _HEAD_SHARE[0] <= cell.mean() <= _HEAD_SHARE[1]:
        return False
    box = 1.0
    for axis in (0, 1):
        reached = np.flatnonzero(cell.mean(1 - axis) > 1 - _HEAD_SHARE[1]) / cell.shape[axis]
        if not len(reached) or reached[-1] - reached[0] < _SPAN or abs(reached[[0, -1]].mean() - 0.5) > _OFF_CENTRE:
            return False
        box *= reached[-1] - reached[0]
    # Bars and other rectangles fill theirs.
    return bool(cell.mean() < _MOST_OF_BOX * box)
