"""Whole heads without a tumour in, the same heads with a synthetic lesion out, consistent from slice to slice.

Tumours are known in few sequences, and on single slices; heads without one in many. A lesion that is put into the
volume itself is the same one in all planes and in every slice that it reaches.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tumorscope.datasets.example import Example, VolumeReference, read_volume
from tumorscope.datasets.volumes import find_box
from tumorscope.domain.labels import NO_TUMOR, TUMOR_OF_UNSTATED_KIND
from tumorscope.domain.scan import Plane, Slice, Volume
from tumorscope.imaging.slices import STACK_AXIS, slice_volume

# Below the vertex: above is scalp, below are skull base, face and neck.
_BRAIN_DEPTH_MM = (25.0, 95.0)
# From the head's surface inwards: scalp, skull and a little brain.
_SURFACE_MM = 16.0
_HEAD_LEVEL = 0.12
# Scalp and skull: no lesion breaks through them, and what pushes the brain does not move them.
_SKULL_MM = 10.0
_SOFT_MM = 4.0
# Of the lesion's volume: how much of it has pushed the brain aside, where the rest has taken its place.
_MASS = (0.0, 0.9)
_RADIUS_MM = (7.0, 24.0)
# Of tumours that brought patients to a scanner.
_PATIENTS_RADIUS_MM = (10.0, 28.0)
_EDGE_MM = (0.8, 3.0)
_OEDEMA_MM = (4.0, 20.0)
_OEDEMA_SHARE = 0.65
# Around the lesion: the tissue that its contrast is relative to.
_RING_MM = 4.0
# No bump of a lesion reaches further than this many radii.
_STRETCH = 2.0
_MIN_VOXELS = 20
# Of the tissue around it: how bright a lesion's core is. Dark on plain T1, bright on the others; see `draw_lesion`.
_CONTRAST = {"t1": (0.45, 0.85), "t2": (1.25, 1.9), "flair": (1.25, 2.0), "pd": (1.15, 1.5), "t1ce": (1.3, 2.2)}
_UNKNOWN_CONTRAST = (0.5, 1.9)
# Likewise of its middle, where it has died: like fluid, and dark inside a bright rim on FLAIR and after contrast agent.
_MIDDLE_CONTRAST = {"t1": (0.3, 0.6), "t2": (1.5, 2.2), "flair": (0.35, 0.9), "pd": (1.2, 1.6), "t1ce": (0.4, 0.8)}
_MIDDLE_SHARE = 0.4
_SLICES_PER_PLANE = 2


@dataclass(frozen=True, slots=True)
class LesionSlice:
    """A slice through an inserted lesion, and what is to be learned of it.

    Parameters
    ----------
    scan : Slice
        As `imaging.slices` cuts it from the volume.
    example : Example
        Label ``tumor``, of the kind that nobody states, with the lesion's box; its image is the head without it.
    """

    scan: Slice
    example: Example


@dataclass(frozen=True, slots=True)
class Room:
    """Where a head has room for lesions.

    Parameters
    ----------
    centres : ndarray of int, shape (n, 3)
        Voxels that a lesion's centre may lie in; empty where there is no head.
    depth_mm : ndarray, shape of the head's voxels, float32
        Below the head's surface.
    """

    centres: NDArray[np.int_]
    depth_mm: NDArray[np.float32]


def insert_into_heads(examples: Sequence[Example], per_volume: int, seed: Sequence[int]) -> list[LesionSlice]:
    """Slices of every head without a tumour, with lesions in it; the same seed gives the same lesions.

    Each lesion is in a copy of its own, and cut in three planes within its inner half.
    """
    if not per_volume:
        return []
    volumes: dict[VolumeReference, Example] = {}
    for example in examples:
        if isinstance(example.image, VolumeReference) and example.label == NO_TUMOR:
            volumes.setdefault(replace(example.image, plane="axial", index=0), example)
    rng = np.random.default_rng(seed)
    slices = []
    for reference, example in volumes.items():
        volume = read_volume(reference.path)
        room = find_room(volume)
        for _ in range(per_volume if len(room.centres) else 0):
            placed = draw_lesion(volume, room, example.sequence, rng)
            if placed is not None:
                slices += _cut(*placed, example)
    return slices


def insert_lesion(volume: Volume, sequence: str | None, rng: np.random.Generator) -> Volume | None:
    """The head with a lesion of a patient's size in its brain; None where there is no room for one."""
    room = find_room(volume)
    if not len(room.centres):
        return None
    placed = draw_lesion(volume, room, sequence, rng, _PATIENTS_RADIUS_MM)
    return None if placed is None else placed[0]


def draw_lesion(
    volume: Volume,
    room: Room,
    sequence: str | None,
    rng: np.random.Generator,
    radius_mm: tuple[float, float] = _RADIUS_MM,
) -> tuple[Volume, NDArray[np.bool_]] | None:
    """Put one lesion into a head: an uneven ball, sometimes with a dead middle, and sometimes with oedema.

    It pushes the brain aside, more or less, and stays inside the skull.

    Parameters
    ----------
    volume : Volume
        In RAS+ orientation, brighter than air inside the head.
    room : Room
        The head's, from `find_room`, with at least one centre.
    sequence : str, optional
        Decides whether the lesion is darker or brighter than the brain; None: either.
    rng : numpy.random.Generator
        Chooses place, size, shape, margin, oedema, contrast and how much it displaces.
    radius_mm : (float, float)
        The least and the largest.

    Returns
    -------
    (Volume, ndarray of bool, shape of its voxels), or None
        The head with the lesion, and where it is, without oedema; None for a lesion of too few voxels to be seen.
    """
    spacing = np.asarray(volume.spacing_mm)
    centre = room.centres[rng.integers(len(room.centres))]
    radius = rng.uniform(*radius_mm)
    reach = np.ceil((_STRETCH * radius + _OEDEMA_MM[1]) / spacing).astype(int)
    first = np.maximum(centre - reach, 0)
    window = tuple(slice(start, stop) for start, stop in zip(first, centre + reach + 1, strict=True))
    inside = np.clip((room.depth_mm[window] - _SKULL_MM) / _SOFT_MM, 0, 1)
    voxels = _push_aside(volume.voxels[window].astype(np.float32), inside, centre - first, spacing, radius, rng)
    depth = _measure_depth(voxels.shape, centre - first, spacing, radius, rng)
    lesion = (depth > 0) & (inside > 0.5)
    ring = (depth > -_RING_MM) & (depth <= 0) & (inside > 0.5)
    if lesion.sum() < _MIN_VOXELS or not ring.any():
        return None
    tissue = float(np.median(voxels[ring]))
    factor = rng.uniform(*_CONTRAST.get(sequence or "", _UNKNOWN_CONTRAST))
    core = np.full(voxels.shape, tissue * factor, np.float32)
    if sequence in _MIDDLE_CONTRAST and rng.random() < _MIDDLE_SHARE:
        middle = np.clip((depth - rng.uniform(2.5, 6)) / rng.uniform(*_EDGE_MM), 0, 1)
        core += middle * (tissue * rng.uniform(*_MIDDLE_CONTRAST[sequence]) - core)
    for width_mm, most in ((3.0, 0.12), (8.0, 0.2)):
        core *= 1 + rng.uniform(0.03, most) * _smooth_noise(voxels.shape, spacing, width_mm, rng)
    placed = voxels
    if rng.random() < _OEDEMA_SHARE:
        width = rng.uniform(*_OEDEMA_MM)
        uneven = depth + 0.4 * width * _smooth_noise(voxels.shape, spacing, 8.0, rng)
        oedema = np.clip(1 + uneven / width, 0, 1) * rng.uniform(0.4, 0.9)
        # It follows the tissue, and leaves what is dark (ventricles, sulci) as it is.
        oedema *= inside * (voxels > 0.35 * tissue)
        swollen = tissue * (1 + np.sign(factor - 1) * rng.uniform(0.1, 0.45))
        placed = placed * (1 - oedema) + swollen * oedema
    weight = inside * np.clip(0.5 + depth / (2 * rng.uniform(*_EDGE_MM)), 0, 1)
    placed = placed * (1 - weight) + core * weight
    whole, marked = volume.voxels.astype(np.float32), np.zeros(volume.voxels.shape, bool)
    whole[window], marked[window] = np.clip(placed, whole.min(), whole.max()), lesion
    return replace(volume, voxels=whole), marked


def find_room(volume: Volume) -> Room:
    """Where in the upper head, well below its surface, a lesion's centre may lie; nowhere where there is no head."""
    voxels, spacing = volume.voxels, np.asarray(volume.spacing_mm)
    low, high = np.percentile(voxels, (1, 99.5))
    head = ndimage.binary_fill_holes(voxels > low + _HEAD_LEVEL * (high - low))
    heights = np.flatnonzero(head.mean(axis=(0, 1)) > 0.02)
    if not heights.size:
        return Room(np.empty((0, 3), int), np.zeros(voxels.shape, np.float32))
    depth_mm = ndimage.distance_transform_edt(head, sampling=spacing).astype(np.float32)
    below_vertex = (heights[-1] - np.arange(voxels.shape[2])) * spacing[2]
    at_brain = (below_vertex >= _BRAIN_DEPTH_MM[0]) & (below_vertex <= _BRAIN_DEPTH_MM[1])
    return Room(np.argwhere((depth_mm > _SURFACE_MM) & at_brain), depth_mm)


def _push_aside(
    voxels: NDArray[np.float32],
    inside: NDArray[np.float32],
    centre: NDArray[np.int_],
    spacing: NDArray[np.float64],
    radius: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """The brain around a lesion, moved outwards as what cannot be compressed is; less towards skull and window."""
    axes = [(np.arange(n) - c) * s for n, c, s in zip(voxels.shape, centre, spacing, strict=True)]
    offset = np.stack(np.meshgrid(*axes, indexing="ij"))
    distance = np.maximum(np.linalg.norm(offset, axis=0), spacing.min())
    from_distance = np.cbrt(np.maximum(distance**3 - rng.uniform(*_MASS) * radius**3, 0))
    end = _STRETCH * radius + _OEDEMA_MM[1]
    fading = np.clip((end - distance) / (end - radius), 0, 1) * inside
    share = 1 - fading * (1 - from_distance / distance)
    source = offset * share / spacing[:, None, None, None] + centre[:, None, None, None]
    moved: NDArray[np.float32] = ndimage.map_coordinates(voxels, source, order=1, mode="nearest")
    return moved


def _measure_depth(
    shape: tuple[int, ...],
    centre: NDArray[np.int_],
    spacing: NDArray[np.float64],
    radius: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """How far each voxel is inside the lesion's surface, in about mm; negative outside."""
    stretched = spacing * np.exp(rng.uniform(-0.25, 0.25, 3))
    axes = [(np.arange(n) - c) * s for n, c, s in zip(shape, centre, stretched, strict=True)]
    distance = np.linalg.norm(np.stack(np.meshgrid(*axes, indexing="ij")), axis=0)
    bumps = rng.uniform(0.05, 0.3) * radius * _smooth_noise(shape, spacing, radius / 2, rng)
    depth: NDArray[np.float32] = (radius - distance + bumps).astype(np.float32)
    return depth


def _smooth_noise(
    shape: tuple[int, ...], spacing: NDArray[np.float64], width_mm: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Noise of about unit deviation that varies over `width_mm`, drawn coarsely and enlarged."""
    coarse = tuple(int(np.ceil(n * s / width_mm)) + 1 for n, s in zip(shape, spacing, strict=True))
    noise = rng.standard_normal(coarse).astype(np.float32)
    factors = [n / c for n, c in zip(shape, coarse, strict=True)]
    enlarged: NDArray[np.float32] = ndimage.zoom(noise, factors, order=1, mode="nearest", grid_mode=True)
    return enlarged


def _cut(volume: Volume, lesion: NDArray[np.bool_], example: Example) -> list[LesionSlice]:
    marked = replace(volume, voxels=lesion.astype(np.float32))
    slices = []
    planes: tuple[Plane, ...] = ("sagittal", "coronal", "axial")
    for plane in planes:
        axis = STACK_AXIS[plane]
        reached = np.flatnonzero(lesion.any(axis=tuple(other for other in range(3) if other != axis)))
        first, last = reached[0], reached[-1]
        for share in np.linspace(0.3, 0.7, _SLICES_PER_PLANE):
            index = round(first + share * (last - first))
            box = find_box(slice_volume(marked, plane, index).pixels > 0.5)
            if box is None:
                continue
            position = (index + 0.5) / lesion.shape[axis]
            inserted = replace(example, label=TUMOR_OF_UNSTATED_KIND, plane=plane, box=box, position=position)
            slices.append(LesionSlice(slice_volume(volume, plane, index), inserted))
    return slices
