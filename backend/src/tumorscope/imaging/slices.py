"""A Volume in, its Slices out, as a reader would hang them."""

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.scan import Plane, Slice, Volume, Voxels

STACK_AXIS: dict[Plane, int] = {"sagittal": 0, "coronal": 1, "axial": 2}
"""The axis a plane's slices are stacked along, in RAS+."""

# A slice whose brightest parts are under this share of the volume's is empty: air above the head, or padding.
_MIN_BRIGHTNESS = 0.1
_BRIGHT_PERCENTILE = 98.0
# Pixels between two that are looked at: brightness needs no more.
_STRIDE = 4


def choose_slices(volume: Volume) -> list[int]:
    """Which slices of the acquired plane show a head.

    Parameters
    ----------
    volume : Volume
        Of one sequence.

    Returns
    -------
    list of int
        Positions in rising order, without those that are empty beside the others; all where none stands out.
    """
    stacked = np.moveaxis(volume.voxels, STACK_AXIS[volume.plane], 0)[:, ::_STRIDE, ::_STRIDE]
    levels = np.array([np.percentile(one, _BRIGHT_PERCENTILE) - float(one.min()) for one in stacked])
    kept = np.flatnonzero(levels > _MIN_BRIGHTNESS * np.percentile(levels, 90))
    return [int(index) for index in kept] if kept.size else list(range(len(levels)))


def slice_volume(volume: Volume, plane: Plane, index: int) -> Slice:
    """One slice of a volume, resampled to square pixels.

    Parameters
    ----------
    volume : Volume
        In RAS+ orientation.
    plane : {'sagittal', 'coronal', 'axial'}
        The slice's plane.
    index : int
        Position along the plane's axis, from the patient's left, posterior or inferior end.

    Returns
    -------
    Slice
        Superior (axial: anterior) up, the patient's left on the viewer's right (sagittal: anterior on the left), square
        pixels of the finer spacing.
    """
    axis = STACK_AXIS[plane]
    rows_spacing, columns_spacing = (volume.spacing_mm[a] for a in reversed([a for a in range(3) if a != axis]))
    # A view: np.take would first copy a volume whose axes were turned.
    plane_pixels = np.moveaxis(volume.voxels, axis, 0)[index].T[::-1, ::-1]
    spacing = min(rows_spacing, columns_spacing)
    square = _stretch(_stretch(plane_pixels, rows_spacing / spacing).T, columns_spacing / spacing).T
    return Slice(
        np.ascontiguousarray(square, dtype=np.float32),
        volume.source_format,
        (spacing, spacing),
        volume.modality,
        plane=volume.stated_plane or plane,
    )


def _stretch(pixels: Voxels, factor: float) -> Voxels:
    """Linear interpolation along the first axis to `factor` times as many rows (factor >= 1)."""
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
