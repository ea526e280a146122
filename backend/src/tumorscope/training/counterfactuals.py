"""Counterfactual slices: a lesion removed from a slice, or inserted into another one.

Tumours come from few collections and sequences, slices without a tumour from others; a network would learn the
collection. Here every collection gets both: the mirrored other side of the head replaces a tumour, or a lesion is
inserted into a slice of another sequence.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tumorscope.datasets.example import RelativeBox
from tumorscope.datasets.skull_stripping import Box, Grey
from tumorscope.preprocessing.pipeline import ModelInput

# The blend reaches this much over the box's half axes, so that the tumour's rim goes too.
_REACH = 1.25
# A head counts as seen from the front or above when its two sides look alike.
_MIN_SYMMETRY = 0.6


def box_in_model(box: RelativeBox, model_input: ModelInput) -> Box:
    """A source box in the model's square."""
    geometry = model_input.geometry
    row, column = geometry.to_model(box.y_center * geometry.source_height, box.x_center * geometry.source_width)
    scale = geometry.size / geometry.square_side
    half_height = box.height * geometry.source_height * scale / 2
    half_width = box.width * geometry.source_width * scale / 2
    return row, column, half_height, half_width


def remove_lesion(grey: Grey, box: Box) -> Grey | None:
    """Replace a tumour by the mirrored other side.

    Parameters
    ----------
    grey : ndarray, shape (size, size), float32, 0..1
        The prepared slice.
    box : (float, float, float, float)
        Centre row, centre column, half height, half width, in pixels.

    Returns
    -------
    ndarray, shape (size, size), float32, 0..1, or None
        None where the other side cannot replace it: a sagittal view, or a tumour that reaches the midline.
    """
    size = grey.shape[0]
    row, column, half_height, half_width = box
    occupied = np.flatnonzero(grey.max(axis=0) > 0.1)
    if occupied.size == 0:
        return None
    midline = (occupied[0] + occupied[-1] + 1) / 2
    if abs(column - midline) < half_width * 1.1:
        return None
    # Mirror about the midline: output column j is input column 2 * midline - 1 - j.
    columns = np.clip(np.round(2 * midline - 1 - np.arange(size)).astype(int), 0, size - 1)
    mirrored = grey[:, columns]
    sides = [ndimage.gaussian_filter(side, size / 24).ravel() for side in (grey, mirrored)]
    if np.corrcoef(sides)[0, 1] < _MIN_SYMMETRY:
        return None
    weight = _soft_ellipse(size, row, column, half_height * _REACH, half_width * _REACH)
    ring = (weight > 0.02) & (weight < 0.3)
    if ring.sum() < 8:
        return None
    gain = (grey[ring].mean() + 0.05) / (mirrored[ring].mean() + 0.05)
    filling = np.clip(mirrored * np.clip(gain, 0.7, 1.4), 0, 1)
    removed: Grey = (grey * (1 - weight) + filling * weight).astype(np.float32)
    return removed


def insert_lesion(
    healthy: Grey, donor: Grey, box: Box, rng: np.random.Generator, keep_contrast: bool, lowest: float = 1.0
) -> tuple[Grey, Box] | None:
    """Blend a part of another slice into a healthy one.

    Parameters
    ----------
    healthy, donor : ndarray, shape (size, size), float32, 0..1
        Two prepared slices.
    box : (float, float, float, float)
        What to take of the donor: centre row, centre column, half height, half width, in pixels.
    rng : numpy.random.Generator
        Chooses place, size, flip and contrast.
    keep_contrast : bool
        Match the surroundings (a piece of healthy tissue stays unremarkable) instead of standing out (a lesion).
    lowest : float
        Share of the square's height, from above, that the middle of the blend stays within.

    Returns
    -------
    (ndarray, shape (size, size), float32, 0..1; Box), or None
        The picture, and where the blended part lies in it; None where no place inside the head was found.
    """
    size = healthy.shape[0]
    row, column, half_height, half_width = box
    zoom = rng.uniform(0.6, 1.2)
    inside = ndimage.binary_erosion(
        ndimage.binary_fill_holes(ndimage.gaussian_filter(healthy, 1) > 0.12), iterations=max(2, size // 10)
    )
    places = np.argwhere(inside[: round(lowest * size)])
    if len(places) == 0:
        return None
    target_row, target_column = (float(value) for value in places[rng.integers(len(places))])
    flip = rng.choice([-1.0, 1.0])
    matrix = np.diag([1 / zoom, flip / zoom])
    offset = np.array([row, column]) - matrix @ np.array([target_row, target_column])
    patch = ndimage.affine_transform(donor, matrix, offset=offset, order=1, mode="nearest")
    weight = _soft_ellipse(size, target_row, target_column, half_height * _REACH * zoom, half_width * _REACH * zoom)
    core, ring = weight > 0.8, (weight > 0.02) & (weight < 0.3)
    if core.sum() < 6 or ring.sum() < 8:
        return None
    surroundings = float(healthy[ring].mean())
    if keep_contrast:
        patch = patch * np.clip((surroundings + 0.05) / (float(patch[ring].mean()) + 0.05), 0.5, 2)
    else:
        patch = _recontrast(patch, core, surroundings, rng)
    blended: Grey = (healthy * (1 - weight) + np.clip(patch, 0, 1) * weight).astype(np.float32)
    return blended, (target_row, target_column, half_height * zoom, half_width * zoom)


def _recontrast(patch: Grey, core: NDArray[np.bool_], surroundings: float, rng: np.random.Generator) -> Grey:
    """The patch with its mean set brighter (mostly) or darker than the surroundings, sometimes inverted."""
    centred = patch - float(patch[core].mean())
    if rng.random() < 0.3:
        centred = -centred
    step = rng.uniform(0.15, 0.5) if rng.random() < 0.75 else -rng.uniform(0.15, 0.3)
    moved: Grey = centred * np.float32(rng.uniform(0.6, 1.6)) + np.float32(surroundings + step)
    return moved


def _soft_ellipse(size: int, row: float, column: float, half_height: float, half_width: float) -> Grey:
    """Weights in 0..1: 1 well inside the ellipse, 0 outside, a smooth rim between."""
    rows, columns = np.mgrid[0:size, 0:size] + 0.5
    radius = np.hypot((rows - row) / max(half_height, 1), (columns - column) / max(half_width, 1))
    rim = np.clip((1.1 - radius) / 0.35, 0, 1)
    smooth: Grey = (rim * rim * (3 - 2 * rim)).astype(np.float32)
    return smooth
