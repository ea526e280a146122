"""Directions in, the nearest display or RAS+ orientation out; axes are only swapped and reversed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.scan import Plane, Reorientation, StatedPlane

PLANES: tuple[Plane, ...] = ("sagittal", "coronal", "axial")
"""In the order of their slice axes: right, anterior, superior."""

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])
"""From DICOM's axes (left, posterior, superior) to those used here."""

# Beyond this angle between a slice's normal and the patient's nearest axis, the plane is called oblique.
_OBLIQUE_DEGREES = 20.0
# Downwards and rightwards on the screen, in RAS+: anterior (axial) or superior is up, the patient's right on the left,
# of a sagittal slice anterior on the left.
_DOWN: dict[Plane, tuple[float, float, float]] = {"sagittal": (0, 0, -1), "coronal": (0, 0, -1), "axial": (0, -1, 0)}
_RIGHT: dict[Plane, tuple[float, float, float]] = {"sagittal": (0, -1, 0), "coronal": (-1, 0, 0), "axial": (-1, 0, 0)}


@dataclass(frozen=True, slots=True)
class ReorientedVoxels:
    """A volume in RAS+.

    Parameters
    ----------
    voxels : ndarray, shape (right, anterior, superior)
        A view.
    spacing_mm : (float, float, float)
        Along the three axes.
    affine : ndarray, shape (4, 4), float64
        From voxel indices to millimetres, RAS+.
    axis_of : (int, int, int)
        For each axis of the source, its axis in RAS+.
    """

    voxels: NDArray[Any]
    spacing_mm: tuple[float, float, float]
    affine: NDArray[np.float64]
    axis_of: tuple[int, int, int]


def reorient_to_ras(voxels: NDArray[Any], affine: NDArray[np.float64]) -> ReorientedVoxels:
    """Reorient a volume to the nearest RAS+ orientation.

    Parameters
    ----------
    voxels : ndarray, shape (i, j, k)
        In any orientation.
    affine : ndarray, shape (4, 4), float64
        From its indices to millimetres, RAS+; finite, with no column of zeros among the first three.

    Returns
    -------
    ReorientedVoxels
        Not interpolated: an oblique volume stays oblique, as its affine states.
    """
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    directions = affine[:3, :3] / lengths
    source_of = max(permutations(range(3)), key=lambda axes: sum(abs(directions[i, axes[i]]) for i in range(3)))
    reoriented = voxels.transpose(source_of)
    ras_affine = affine.copy()
    ras_affine[:3, :3] = affine[:3, source_of]
    for axis in range(3):
        if directions[axis, source_of[axis]] < 0:
            reoriented = np.flip(reoriented, axis)
            ras_affine[:3, 3] += ras_affine[:3, axis] * (reoriented.shape[axis] - 1)
            ras_affine[:3, axis] *= -1
    spacing = [float(lengths[axis]) for axis in source_of]
    axis_of = [source_of.index(axis) for axis in range(3)]
    return ReorientedVoxels(
        reoriented, (spacing[0], spacing[1], spacing[2]), ras_affine, (axis_of[0], axis_of[1], axis_of[2])
    )


def name_plane(normal: Sequence[float] | NDArray[np.float64]) -> tuple[Plane, StatedPlane]:
    """Name the plane of a slice by its normal, in RAS+ or LPS+.

    Returns
    -------
    (Plane, StatedPlane)
        The nearest plane, and ``oblique`` if it is more than 20 degrees away.
    """
    shares = np.abs(np.asarray(normal, np.float64))
    nearest = int(np.argmax(shares))
    plane = PLANES[nearest]
    is_oblique = shares[nearest] / np.linalg.norm(shares) < np.cos(np.radians(_OBLIQUE_DEGREES))
    return plane, "oblique" if is_oblique else plane


def find_reorientation(down: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[Reorientation, StatedPlane]:
    """Find the reorientation of a stored slice to the usual display.

    Parameters
    ----------
    down, right : ndarray, shape (3,), float64
        The directions in which row and column numbers rise, RAS+; not parallel.

    Returns
    -------
    (Reorientation, StatedPlane)
        The reorientation, and the slice's plane.
    """
    plane, stated = name_plane(np.cross(right, down))
    wanted_down, wanted_right = np.array(_DOWN[plane]), np.array(_RIGHT[plane])
    straight = abs(down @ wanted_down) + abs(right @ wanted_right)
    exchanged = abs(right @ wanted_down) + abs(down @ wanted_right)
    transposed = bool(exchanged > straight)
    if transposed:
        down, right = right, down
    return Reorientation(transposed, bool(down @ wanted_down < 0), bool(right @ wanted_right < 0)), stated
