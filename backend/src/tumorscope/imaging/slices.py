"""A Volume in, its Slices out, as a reader would hang them."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.scan import Slice, Volume

Plane = Literal["sagittal", "coronal", "axial"]

# The axis a plane's slices are stacked along, in RAS+.
_STACK_AXIS: dict[Plane, int] = {"sagittal": 0, "coronal": 1, "axial": 2}


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
        Superior (axial: anterior) up, the patient's left on the viewer's right, square pixels of the finer spacing.
    """
    axis = _STACK_AXIS[plane]
    rows_spacing, columns_spacing = (volume.spacing_mm[a] for a in reversed([a for a in range(3) if a != axis]))
    # A view: np.take would first copy a volume whose axes were turned.
    plane_pixels = np.moveaxis(volume.voxels, axis, 0)[index].T[::-1]
    if plane != "sagittal":
        plane_pixels = plane_pixels[:, ::-1]
    spacing = min(rows_spacing, columns_spacing)
    square = _stretch(_stretch(plane_pixels, rows_spacing / spacing).T, columns_spacing / spacing).T
    return Slice(np.ascontiguousarray(square, dtype=np.float32), "nifti", (spacing, spacing), "MR")


def _stretch(pixels: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
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
