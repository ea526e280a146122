"""A Volume in, its Slices out, as a reader would hang them."""

import numpy as np

from tumorscope.domain.scan import Plane, Slice, Volume
from tumorscope.imaging.resampling import make_square

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
    square = make_square(plane_pixels, (rows_spacing, columns_spacing))
    return Slice(
        np.ascontiguousarray(square.pixels, dtype=np.float32),
        volume.source_format,
        square.spacing_mm,
        volume.modality,
        plane=volume.stated_plane or plane,
    )
