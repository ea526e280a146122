"""A Volume in, its Slices in the usual display orientation out; and back."""

import numpy as np

from tumorscope.domain.scan import Plane, Slice, Volume
from tumorscope.imaging.resampling import make_square

STACK_AXIS: dict[Plane, int] = {"sagittal": 0, "coronal": 1, "axial": 2}
"""The slice axis of each plane, in RAS+."""

# Voxels above this share of the volume's intensity range are head, not air.
_HEAD_LEVEL = 0.1
_RANGE_PERCENTILES = (1.0, 99.0)
# Slices with a smaller share of the largest head area show the neck, the vertex or an ear. Model 0.6 saw none of
# healthy people in training and takes them for tumours (`scripts.choose_pooling`).
_MIN_AREA = 1 / 3
# Areas are measured on every fourth pixel.
_STRIDE = 4


def choose_slices(volume: Volume) -> list[int]:
    """Choose the slices of the acquired plane that show enough of the head; all for a volume without contrast.

    Returns
    -------
    list of int
        Ascending positions along the slice axis.
    """
    stacked = np.moveaxis(volume.voxels, STACK_AXIS[volume.plane], 0)[:, ::_STRIDE, ::_STRIDE]
    low, high = (float(level) for level in np.percentile(stacked, _RANGE_PERCENTILES))
    areas = (stacked > low + _HEAD_LEVEL * (high - low)).mean(axis=(1, 2))
    return [int(index) for index in np.flatnonzero(areas >= _MIN_AREA * areas.max())]


def slice_volume(volume: Volume, plane: Plane, index: int) -> Slice:
    """One slice of a volume, resampled to square pixels.

    Parameters
    ----------
    volume : Volume
        In RAS+ orientation.
    plane : {'sagittal', 'coronal', 'axial'}
        The slice's plane.
    index : int
        Position along the slice axis, from the patient's left, posterior or inferior end.

    Returns
    -------
    Slice
        Superior (axial: anterior) up, the patient's left on the viewer's right (sagittal: anterior on the left), square
        pixels of the finer spacing.
    """
    axis = STACK_AXIS[plane]
    rows_spacing, columns_spacing = (volume.spacing_mm[a] for a in reversed([a for a in range(3) if a != axis]))
    # A view: np.take would first copy a volume with permuted axes.
    plane_pixels = np.moveaxis(volume.voxels, axis, 0)[index].T[::-1, ::-1]
    square = make_square(plane_pixels, (rows_spacing, columns_spacing))
    return Slice(
        np.ascontiguousarray(square.pixels, dtype=np.float32),
        volume.source_format,
        square.spacing_mm,
        volume.modality,
        plane=volume.stated_plane or plane,
        sequence=volume.sequence,
    )


def stack_slice(scan: Slice) -> Volume:
    """Make a volume of one slice, the inverse of `slice_volume`.

    Parameters
    ----------
    scan : Slice
        In the usual display orientation; of one sequence.

    Returns
    -------
    Volume
        One voxel of 1 mm thick. An oblique or unknown plane is taken for axial, an unknown spacing for 1 mm.
    """
    plane: Plane = "axial" if scan.plane is None or scan.plane == "oblique" else scan.plane
    axis = STACK_AXIS[plane]
    rows_mm, columns_mm = scan.spacing_mm or (1.0, 1.0)
    spacing, shape = [columns_mm, rows_mm], [scan.width, scan.height]
    spacing.insert(axis, 1.0)
    shape.insert(axis, 1)
    return Volume(
        scan.pixels[::-1, ::-1].T.reshape(shape),
        (spacing[0], spacing[1], spacing[2]),
        None,
        scan.source_format,
        plane,
        scan.plane,
        scan.modality,
        scan.warnings,
        scan.sequence,
    )
