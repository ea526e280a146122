"""A Volume in, its Slices in the usual display orientation out, and back; axes are only swapped and reversed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.scan import Plane, Reorientation, Slice, StatedPlane, Volume

PLANES: tuple[Plane, ...] = ("sagittal", "coronal", "axial")
"""In the order of their slice axes: right, anterior, superior."""

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])
"""From DICOM's axes (left, posterior, superior) to those used here."""

# Beyond this angle between a slice's normal and the patient's nearest axis, the plane is called oblique.
_OBLIQUE_DEGREES = 20.0
_SHEAR = np.sin(np.radians(2))
# Downwards and rightwards on the screen, in RAS+: anterior (axial) or superior is up, the patient's right on the left,
# of a sagittal slice anterior on the left.
_DOWN: dict[Plane, tuple[float, float, float]] = {"sagittal": (0, 0, -1), "coronal": (0, 0, -1), "axial": (0, -1, 0)}
_RIGHT: dict[Plane, tuple[float, float, float]] = {"sagittal": (0, -1, 0), "coronal": (-1, 0, 0), "axial": (-1, 0, 0)}

STACK_AXIS: dict[Plane, int] = {"sagittal": 0, "coronal": 1, "axial": 2}
"""The slice axis of each plane, in RAS+."""

# Voxels above this share of the volume's intensity range are head, not air.
_HEAD_LEVEL = 0.1
_RANGE_PERCENTILES = (1.0, 99.0)
# Slices with a smaller share of the largest head area show the neck, the vertex or an ear. Model 0.6 saw none of
# healthy people in training and took them for tumours.
_MIN_AREA = 1 / 3
# Axial slices lower than this below the vertex show face and neck. In 20 skull-stripped brains, slices of enough area
# end 97 to 118 mm below the top; scalp and skull add about 10 mm. In 18 heads without a tumour, of which a model had
# seen none, it took 15 % of the slices for tumours without this limit, and 8 % with it.
_BRAIN_DEPTH_MM = 130.0
# The vertex is the highest slice with this share of the largest head area.
_VERTEX_AREA = 0.05
# Areas are measured on every fourth pixel.
_STRIDE = 4


SHOWN_BYTES = 24
"""Measured bound on what it takes to make a slice's pixels square, to prepare and to show them, for each."""

# Pixels more than thirty times as long as wide are an error of the header.
_MAX_RATIO = 30.0
# Rounding in a header.
_SAME = 1e-3


@dataclass(frozen=True, slots=True)
class SquarePixels:
    """Pixels, shape (rows, columns), and their spacing in millimetres; None where unknown."""

    pixels: NDArray[Any]
    spacing_mm: tuple[float, float] | None


def choose_slices(volume: Volume, plane: Plane) -> list[int]:
    """Choose positions of slices of a plane that show enough of the brain; all for a volume without contrast."""
    axis = STACK_AXIS[plane]
    stacked = np.moveaxis(volume.voxels, axis, 0)[:, ::_STRIDE, ::_STRIDE]
    low, high = (float(level) for level in np.percentile(stacked, _RANGE_PERCENTILES))
    areas = (stacked > low + _HEAD_LEVEL * (high - low)).mean(axis=(1, 2))
    enough = areas >= _MIN_AREA * areas.max()
    if plane == "axial":
        vertex = np.flatnonzero(areas >= _VERTEX_AREA * areas.max())[-1]
        enough &= (vertex - np.arange(len(areas))) * volume.spacing_mm[axis] <= _BRAIN_DEPTH_MM
    return [int(index) for index in np.flatnonzero(enough)]


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
    """Make a volume of one slice, the inverse of `slice_volume`; its voxels are 1 mm thick.

    An oblique or unknown plane is taken for axial, an unknown spacing for 1 mm.
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


def make_square(pixels: NDArray[Any], spacing_mm: tuple[float, float] | None) -> SquarePixels:
    """Interpolate the axis of coarser spacing linearly, so that pixels become square.

    Parameters
    ----------
    pixels : ndarray, shape (rows, columns)
        Of any numeric type.
    spacing_mm : (float, float), optional
        Between rows and between columns; None where unknown.

    Returns
    -------
    SquarePixels
        The pixels unchanged where they are square, or the spacing is unknown or invalid; else float32.
    """
    if spacing_mm is None:
        return SquarePixels(pixels, None)
    finest, coarsest = min(spacing_mm), max(spacing_mm)
    if coarsest > _MAX_RATIO * finest:
        return SquarePixels(pixels, None)
    if coarsest <= (1 + _SAME) * finest:
        return SquarePixels(pixels, (finest, finest))
    rows = _stretch(pixels, spacing_mm[0] / finest)
    return SquarePixels(_stretch(rows.T, spacing_mm[1] / finest).T.astype(np.float32, copy=False), (finest, finest))


def count_square_pixels(rows: int, columns: int, spacing_mm: tuple[float, float] | None) -> int:
    """How many pixels `make_square` makes of so many."""
    ratio = 1.0 if spacing_mm is None else max(spacing_mm) / min(spacing_mm)
    return int(rows * columns * (ratio if ratio <= _MAX_RATIO else 1.0))


def _stretch(pixels: NDArray[Any], factor: float) -> NDArray[Any]:
    """Linear interpolation along the first axis to `factor` times as many rows (factor >= 1).

    Not Pillow's: its affine transform leaves the last row black where its centre falls on the border (5 rows times
    1.5), and takes 9 times as long (0.25 ms instead of 0.03 for 30 x 256 pixels); its resize cannot keep the spacing
    where the factor gives no whole number of rows.
    """
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


def is_sheared(axes: NDArray[np.float64]) -> bool:
    """Whether two of three axes, the columns of a matrix, are more than two degrees off a right angle."""
    directions = axes / np.linalg.norm(axes, axis=0)
    return bool(np.abs(directions.T @ directions - np.eye(3)).max() > _SHEAR)


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
