"""The detail of two images in, its correlation once they are aligned out.

Two heads cut at the same level share their outline; only an image and its own copy share their detail. So a band of
fine detail, normalised to the same local contrast, is compared after scale and position have been found by the inverse
compositional method (Baker and Matthews, Int. J. Computer Vision 56, 2004).
"""

import math
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
# The correlation is averaged over parts of this side, so that a skull, which all heads share, weighs no more than its
# area. Parts with less detail than this are air.
_PART, _LEAST_DETAIL, _LEAST_PARTS = 8, 0.25, 8
# The edge that cropping leaves is not detail.
_TRIM = 3
# The lowest correlation after each coarse step with which the alignment goes on. 1,980 copies reached at least 0.49,
# 0.85 and 0.97 after 0, 1 and 2 steps; most other pairs stay below.
_COARSE_MIN = (0.3, 0.6, 0.75, 0.8, 0.8)
_FINE_MIN = (-1.0,) * 5
# Larger steps would diverge: of scale, and of position in pixels.
_MAX_ZOOM, _MAX_SHIFT = 0.03, 3.0


@dataclass(frozen=True, slots=True)
class Placement:
    """How one square lies on another: pixel y of the one is at `scale_y` * y + `shift_y` of the other, from the centre.

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
    """The detail of an image.

    Parameters
    ----------
    fine : ndarray, shape (side, side), float32
        Of the whole image.
    coarse : ndarray, shape (side / 2, side / 2), float32
        Of the image at half the size.
    content : Rectangle
        The image within the square; the rest is padding.
    """

    fine: Square
    coarse: Square
    content: Rectangle


def take_detail(grey: Square, content: Rectangle) -> Detail:
    """The detail of a square image of an even side; `content` is the image without its padding."""
    half = grey.shape[0] // 2
    reduced = grey.reshape(half, 2, half, 2).mean(axis=(1, 3))
    return Detail(_band(grey, *_FINE, _FINE_NOISE), _band(reduced, *_COARSE, _COARSE_NOISE), content)


def orient(square: Square, orientation: int) -> Square:
    """Rotate a square by `orientation` times 90 degrees; from 4 on, mirror it first."""
    return np.ascontiguousarray(_view(square, orientation))


def invert(orientation: int) -> int:
    """The inverse of an orientation; a mirrored one is its own inverse."""
    return orientation if orientation >= 4 else -orientation % 4


def orient_detail(detail: Detail, orientation: int) -> Detail:
    """The detail of the image in another orientation."""
    side = detail.fine.shape[0]
    top, bottom, left, right = detail.content
    if orientation >= 4:
        left, right = side - right, side - left
    for _ in range(orientation % 4):
        top, bottom, left, right = side - right, side - left, top, bottom
    # Of most pairs, fine detail is never compared: only then is it copied.
    return Detail(_view(detail.fine, orientation), orient(detail.coarse, orientation), (top, bottom, left, right))


def zoom(grey: Square, placement: Placement) -> Square:
    """The part of an image that another one covers, at the size of the other."""
    side = grey.shape[0]
    return _warp(grey, _to_pixels(placement, side), (slice(side), slice(side)))


def compare(first: Detail, second: Detail, start: Placement) -> float:
    """Correlate the detail of two images where they overlap, after aligning them.

    Parameters
    ----------
    first, second : Detail
        Of the same orientation.
    start : Placement
        Of the first on the second, to about 5 %.

    Returns
    -------
    float
        The mean correlation over small parts, in -1..1; 0 where the coarse alignment already fails.
    """
    half, side = first.coarse.shape[0], first.fine.shape[0]
    place = _to_pixels(start, half)
    areas = _halve(first.content), _halve(second.content)
    correlation, place = _align(first.coarse, second.coarse, *areas, place, _COARSE_MIN)
    if correlation < _COARSE_MIN[-1]:
        return 0.0
    place = place * np.array([1, 1, side / half, side / half])
    fine = np.ascontiguousarray(first.fine)
    place = _align(fine, second.fine, first.content, second.content, place, _FINE_MIN)[1]
    area = _overlap(first.content, second.content, place, side)
    return 0.0 if area is None else _compare_parts(fine[area], _warp(second.fine, place, area))


def _compare_parts(first: Square, second: Square) -> float:
    """The mean correlation over the small parts with any detail."""
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
    """The best correlation over the steps and its placement; stops where it stays below the minimum of a step."""
    side = template.shape[0]
    slopes = None
    best, best_place = -1.0, place
    for step, least_here in enumerate(least):
        area = _overlap(inside, moving_inside, place, side)
        if area is None:
            break
        target, laid = template[area], _warp(moving, place, area)
        target_norm, laid_norm = float(np.linalg.norm(target)), float(np.linalg.norm(laid))
        if min(target_norm, laid_norm) < 1e-6:
            break
        correlation = float(np.vdot(target, laid)) / (target_norm * laid_norm)
        if correlation > best:
            best, best_place = correlation, place
        if best < least_here or step == len(least) - 1:
            break
        slopes = _find_slopes(template) if slopes is None else slopes
        residual = (laid * (target_norm / laid_norm) - target).ravel()
        place = _compose(place, _solve(slopes[area].reshape(-1, 4), residual))
    return best, best_place


def _find_slopes(template: Square) -> NDArray[np.float32]:
    """How each pixel changes with the two scales and the two shifts, shape (side, side, 4)."""
    side = template.shape[0]
    away = np.arange(side, dtype=np.float32) - (side - 1) / 2
    down, across = np.gradient(template)
    return np.stack([down * away[:, None], across * away, down, across], axis=-1)


def _solve(slope: NDArray[np.float32], residual: NDArray[np.float32]) -> NDArray[np.float64]:
    normal = (slope.T @ slope).astype(np.float64)
    diagonal = normal.reshape(-1)[::5]
    diagonal *= 1 + 1e-6
    diagonal += 1e-9
    change = np.linalg.solve(normal, slope.T @ residual)
    limits = np.array([_MAX_ZOOM, _MAX_ZOOM, _MAX_SHIFT, _MAX_SHIFT])
    return np.clip(change, -limits, limits)


def _compose(place: NDArray[np.float64], change: NDArray[np.float64]) -> NDArray[np.float64]:
    """The placement composed with the inverse of a change of the template."""
    scale = place[:2] / (1 + change[:2])
    return np.concatenate([scale, place[2:] - scale * change[2:]])


def _overlap(
    inside: Rectangle, moving_inside: Rectangle, place: NDArray[np.float64], side: int
) -> tuple[slice, slice] | None:
    """The area that both images cover, in pixels of the template."""
    middle = (side - 1) / 2
    area = []
    scales_and_shifts = place.tolist()
    for axis in (0, 1):
        scale, shift = scales_and_shifts[axis], scales_and_shifts[2 + axis]
        low, high = moving_inside[2 * axis] + _TRIM, moving_inside[2 * axis + 1] - _TRIM - 1
        first = max(inside[2 * axis] + _TRIM, math.ceil((low - middle - shift) / scale + middle))
        last = min(inside[2 * axis + 1] - _TRIM - 1, math.floor((high - middle - shift) / scale + middle))
        if last - first < side // 4:
            return None
        area.append(slice(first, last + 1))
    return area[0], area[1]


def _warp(square: Square, place: NDArray[np.float64], area: tuple[slice, slice]) -> Square:
    """Linear resampling of an area, rows first, columns then; outside is the edge, which `_overlap` leaves out."""
    side = square.shape[0]
    away = np.arange(side) - (side - 1) / 2
    positions = place[:2, None] * away + place[2:, None] + (side - 1) / 2
    positions = np.minimum(np.maximum(positions, 0), side - 1)
    indices = np.minimum(positions.astype(int), side - 2)
    weights = (positions - indices).astype(np.float32)
    for axis in (0, 1):
        index, weight = indices[axis, area[axis]], weights[axis, area[axis]]
        low, high = square.take(index, axis), square.take(index + 1, axis)
        high -= low
        high *= weight[:, None] if axis == 0 else weight
        high += low
        square = high
    return square


def _view(square: Square, orientation: int) -> Square:
    return np.rot90(square[:, ::-1] if orientation >= 4 else square, orientation % 4)


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
