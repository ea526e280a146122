"""Two pictures' detail in, its likeness once one is laid on the other out.

Two heads cut at the same level are alike in outline; only a picture and its own copy are alike in detail. What is
compared is therefore a band of fine detail, brought to the same strength everywhere, after scale and position have been
found by the inverse compositional method (Baker and Matthews, Int. J. Computer Vision 56, 2004).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Square = NDArray[np.float32]
Rectangle = tuple[int, int, int, int]
"""Top, bottom, left, right in pixels of a square; bottom and right are the first outside."""

_FINE, _COARSE = (1.0, 2.5), (1.0, 3.0)
"""Widths of the two blurs between which detail lies, in pixels of a side of 128, and of a side of 64."""
# The strength of detail is taken over twice the wider blur; below this it is noise.
_FINE_NOISE, _COARSE_NOISE = 0.008, 0.02
# Likeness is that of parts of so many pixels, so that a skull, which all heads share, weighs no more than its area.
# Parts with less detail than this are air.
_PART, _LEAST_DETAIL, _LEAST_PARTS = 8, 0.25, 8
# What a cut through the head leaves as an edge is no detail of it.
_TRIM = 3
# What a picture and its copy reach after so many coarse steps, from 0: at least 0.49, 0.85 and 0.97, measured on 1,980
# copies; most other pairs stay below, and no further steps are spent on them.
_COARSE_MIN = (0.3, 0.6, 0.75, 0.8, 0.8)
_FINE_MIN = (-1.0,) * 5
# Steps that would lose the way are shortened: of scale, and of position in pixels.
_MAX_ZOOM, _MAX_SHIFT = 0.03, 3.0


@dataclass(frozen=True, slots=True)
class Placement:
    """How one square lies on another: pixel y of the one is at `scale_y` * y + `shift_y` of the other, from the middle.

    Parameters
    ----------
    scale_y, scale_x : float
        1 for the same size.
    shift_y, shift_x : float
        As shares of the side.
    """

    scale_y: float = 1.0
    scale_x: float = 1.0
    shift_y: float = 0.0
    shift_x: float = 0.0


@dataclass(frozen=True, slots=True)
class Detail:
    """The detail of a picture.

    Parameters
    ----------
    fine : ndarray, shape (side, side), float32
        Of the whole picture.
    coarse : ndarray, shape (side / 2, side / 2), float32
        Of the picture at half the size.
    content : Rectangle
        Where in the square the picture is; around it is padding.
    """

    fine: Square
    coarse: Square
    content: Rectangle


def take_detail(grey: Square, content: Rectangle) -> Detail:
    """The detail of a picture.

    Parameters
    ----------
    grey : ndarray, shape (side, side), float32, 0..1
        The side is even.
    content : Rectangle
        The picture without its padding.
    """
    half = grey.shape[0] // 2
    reduced = grey.reshape(half, 2, half, 2).mean(axis=(1, 3))
    return Detail(_band(grey, *_FINE, _FINE_NOISE), _band(reduced, *_COARSE, _COARSE_NOISE), content)


def turn(square: Square, orientation: int) -> Square:
    """One of eight orientations of a square: quarter turns, from 4 on mirrored first; 0 is as it is."""
    turned: Square = np.rot90(square[:, ::-1] if orientation >= 4 else square, orientation % 4)
    return np.ascontiguousarray(turned)


def invert(orientation: int) -> int:
    """The orientation that takes another one back; a mirrored one takes itself back."""
    return orientation if orientation >= 4 else -orientation % 4


def turn_detail(detail: Detail, orientation: int) -> Detail:
    """The detail of the turned picture."""
    mask = np.zeros(detail.fine.shape, np.float32)
    top, bottom, left, right = detail.content
    mask[top:bottom, left:right] = 1
    turned = turn(mask, orientation)
    rows, columns = np.flatnonzero(turned.any(axis=1)), np.flatnonzero(turned.any(axis=0))
    content = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    return Detail(turn(detail.fine, orientation), turn(detail.coarse, orientation), content)


def zoom(grey: Square, placement: Placement) -> Square:
    """The part of a picture that another one lies on, at that one's size."""
    side = grey.shape[0]
    return _warp(grey, _to_pixels(placement, side))


def compare(first: Detail, second: Detail, start: Placement) -> float:
    """How alike two pictures are where they overlap, once the second is laid under the first.

    Parameters
    ----------
    first, second : Detail
        Of the same orientation.
    start : Placement
        Of the first on the second, to about 5 %.

    Returns
    -------
    float
        Correlation of their detail, the mean over small parts; in -1..1, and 0 where a coarse look tells that they are
        different.
    """
    half, side = first.coarse.shape[0], first.fine.shape[0]
    place = _to_pixels(start, half)
    areas = _halve(first.content), _halve(second.content)
    likeness, place = _align(first.coarse, second.coarse, *areas, place, _COARSE_MIN)
    if likeness < _COARSE_MIN[-1]:
        return 0.0
    place = place * np.array([1, 1, side / half, side / half])
    place = _align(first.fine, second.fine, first.content, second.content, place, _FINE_MIN)[1]
    area = _overlap(first.content, second.content, place, side)
    return 0.0 if area is None else _compare_parts(first.fine[area], _warp(second.fine, place)[area])


def _compare_parts(first: Square, second: Square) -> float:
    """The mean over small parts of how alike they are, of those that show anything."""
    parts = []
    for square in (first, second):
        rows, columns = square.shape[0] // _PART, square.shape[1] // _PART
        cut = square[: rows * _PART, : columns * _PART].reshape(rows, _PART, columns, _PART)
        parts.append(cut.transpose(0, 2, 1, 3).reshape(rows * columns, _PART * _PART))
    shown = np.maximum(*((part**2).mean(axis=1) for part in parts)) > _LEAST_DETAIL**2
    if shown.sum() < _LEAST_PARTS:
        return 0.0
    one, other = (part[shown] - part[shown].mean(axis=1, keepdims=True) for part in parts)
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return float(((one * other).sum(axis=1) / np.maximum(norms, 1e-6)).mean())


def _align(
    template: Square,
    moving: Square,
    inside: Rectangle,
    moving_inside: Rectangle,
    place: NDArray[np.float64],
    least: tuple[float, ...],
) -> tuple[float, NDArray[np.float64]]:
    """The best likeness on a way of so many steps, and where; given up where it stays below the least of a step."""
    side = template.shape[0]
    away = np.arange(side, dtype=np.float32) - (side - 1) / 2
    down, across = np.gradient(template)
    slopes = np.stack([down * away[:, None], across * away, down, across], axis=-1)
    best, best_place = -1.0, place
    for step, least_here in enumerate(least):
        area = _overlap(inside, moving_inside, place, side)
        if area is None:
            break
        target, laid = template[area], _warp(moving, place)[area]
        target_norm, laid_norm = float(np.linalg.norm(target)), float(np.linalg.norm(laid))
        if min(target_norm, laid_norm) < 1e-6:
            break
        likeness = float(np.vdot(target, laid)) / (target_norm * laid_norm)
        if likeness > best:
            best, best_place = likeness, place
        if best < least_here or step == len(least) - 1:
            break
        residual = (laid * (target_norm / laid_norm) - target).ravel()
        place = _compose(place, _solve(slopes[area].reshape(-1, 4), residual))
    return best, best_place


def _solve(slope: NDArray[np.float32], residual: NDArray[np.float32]) -> NDArray[np.float64]:
    normal = (slope.T @ slope).astype(np.float64)
    normal[np.diag_indices(4)] *= 1 + 1e-6
    normal[np.diag_indices(4)] += 1e-9
    change = np.linalg.solve(normal, slope.T @ residual)
    limits = np.array([_MAX_ZOOM, _MAX_ZOOM, _MAX_SHIFT, _MAX_SHIFT])
    return np.clip(change, -limits, limits)


def _compose(place: NDArray[np.float64], change: NDArray[np.float64]) -> NDArray[np.float64]:
    """The placement after the inverse of a change of the template's own pixels."""
    scale = place[:2] / (1 + change[:2])
    return np.concatenate([scale, place[2:] - scale * change[2:]])


def _overlap(
    inside: Rectangle, moving_inside: Rectangle, place: NDArray[np.float64], side: int
) -> tuple[slice, slice] | None:
    """Where both pictures are, in pixels of the template."""
    middle = (side - 1) / 2
    area = []
    for axis in (0, 1):
        scale, shift = place[axis], place[2 + axis]
        low, high = moving_inside[2 * axis] + _TRIM, moving_inside[2 * axis + 1] - _TRIM - 1
        first = max(inside[2 * axis] + _TRIM, int(np.ceil((low - middle - shift) / scale + middle)))
        last = min(inside[2 * axis + 1] - _TRIM - 1, int(np.floor((high - middle - shift) / scale + middle)))
        if last - first < side // 4:
            return None
        area.append(slice(first, last + 1))
    return area[0], area[1]


def _warp(square: Square, place: NDArray[np.float64]) -> Square:
    """Linear resampling, first of rows and then of columns; outside is the edge, which `_overlap` leaves out."""
    side = square.shape[0]
    away = np.arange(side) - (side - 1) / 2
    for axis in (0, 1):
        position = np.clip(place[axis] * away + place[2 + axis] + (side - 1) / 2, 0, side - 1)
        index = np.minimum(position.astype(int), side - 2)
        weight = (position - index).astype(np.float32)
        weight = weight[:, None] if axis == 0 else weight
        low, high = np.take(square, index, axis), np.take(square, index + 1, axis)
        square = low + weight * (high - low)
    return square


def _band(grey: Square, narrow: float, wide: float, noise: float) -> Square:
    detail = ndimage.gaussian_filter(grey, narrow) - ndimage.gaussian_filter(grey, wide)
    strength = np.sqrt(ndimage.gaussian_filter(detail * detail, 2 * wide) + noise**2)
    band: Square = (detail / strength).astype(np.float32)
    return band


def _to_pixels(placement: Placement, side: int) -> NDArray[np.float64]:
    return np.array([placement.scale_y, placement.scale_x, placement.shift_y * side, placement.shift_x * side])


def _halve(rectangle: Rectangle) -> Rectangle:
    top, bottom, left, right = rectangle
    return top // 2, -(-bottom // 2), left // 2, -(-right // 2)
