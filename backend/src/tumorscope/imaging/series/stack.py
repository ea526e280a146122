"""The slices of one DICOM series in, or the frames of one object, their Volume out."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydicom.dataset import FileDataset

from tumorscope.domain.errors import CorruptFile
from tumorscope.domain.scan import ScanWarning, Volume, Voxels
from tumorscope.imaging.formats.dicom_instance import (
    Place,
    check_modality,
    find_modality,
    find_number,
    find_place,
    find_sequence,
    find_spacing,
    find_thickness,
)
from tumorscope.imaging.formats.dicom_pixels import bound_frame_bytes, check_size, count_frames, decode_frames
from tumorscope.imaging.formats.dicom_tiles import Tiles, find_tiles
from tumorscope.imaging.scan_warnings import (
    FIRST_STACK,
    MISSING_SLICES,
    NO_ORIENTATION,
    NO_SPACING,
    warn_duplicate_slices,
    warn_slices_left_out,
)
from tumorscope.imaging.series.repeats import Placed, StackKey, choose_stack, find_stack_key
from tumorscope.imaging.slices import LPS_TO_RAS, PLANES, name_plane, reorient_to_ras
from tumorscope.imaging.source import DecodeLimits

# Slices nearer than this have the same position; a step this many times the median one misses a slice.
_SAME_PLACE_MM = 0.05
_GAP = 1.5


@dataclass(frozen=True, slots=True)
class _Frame:
    """One slice of a stack: the index of its file, of its frame or tile in it, and its position along the normal."""

    source: int
    frame: int
    place: Place | None
    height_mm: float | None
    key: StackKey


def decode_series(datasets: Sequence[FileDataset], limits: DecodeLimits) -> Volume:
    """Stack the files of one series, a slice or its tiles each, by position along the normal; see `decode_dicom`.

    Of several at one position, `choose_stack` chooses; the order of the files does not matter.
    """
    kept, warnings = _keep_largest_group(sorted(datasets, key=_find_order))
    check_size(kept[0], len(kept), limits)
    tiles = [find_tiles(dataset) for dataset in kept]
    located = [_locate(source, 0, dataset) for source, dataset in enumerate(kept)]
    ordered, notes = _sort([tile for frame in located for tile in _divide(frame, tiles[frame.source])])

    # Of most frames two copies of the result are there at once, and of one what decoding takes.
    limits.reserve(len(kept) * 8 * int(kept[0].Rows) * int(kept[0].Columns) + bound_frame_bytes(kept[0]))
    slices: list[Voxels] = []
    source = -1
    for frame in ordered:
        if frame.source != source:
            source = frame.source
            decoded = decode_frames(kept[source], [0])
            image, warnings = decoded.pixels[0], (*warnings, *check_modality(kept[source]), *decoded.warnings)
        cut = tiles[source]
        slices.append(image if cut is None else cut.cut(image, frame.frame))
    # Slices with different rescaling have different types: float32 holds all of them.
    types = {one.dtype for one in slices}
    stacked: Voxels = np.stack(slices, dtype=np.float32 if len(types) > 1 else None)
    return _make_volume(stacked, ordered, kept[0], tuple(dict.fromkeys((*warnings, *notes))))


def decode_multi_frame(dataset: FileDataset, limits: DecodeLimits) -> Volume:
    """Stack the frames of an enhanced object; see `decode_dicom`.

    Of frames with several orientations the largest group is read; of several at one position (echoes, diffusion
    weightings, times), those of one stack.
    """
    described = len(dataset.PerFrameFunctionalGroupsSequence)
    if described != count_frames(dataset):
        raise CorruptFile("The file states another number of frames than it describes.")
    check_size(dataset, described, limits)
    frames = [_locate(0, frame, dataset) for frame in range(described)]
    parallel: dict[tuple[float, ...], list[_Frame]] = defaultdict(list)
    for frame in frames:
        parallel[() if frame.place is None else _round(frame.place)].append(frame)
    largest = max(parallel.values(), key=len)
    ordered, notes = _sort(largest)
    if len(ordered) < len(frames):
        notes = (FIRST_STACK, *(note for note in notes if note.code != "duplicate_slices"))
    limits.reserve(len(ordered) * bound_frame_bytes(dataset))
    pixels = decode_frames(dataset, [frame.frame for frame in ordered])
    return _make_volume(pixels.pixels, ordered, dataset, (*pixels.warnings, *notes))


def _keep_largest_group(datasets: Sequence[FileDataset]) -> tuple[list[FileDataset], tuple[ScanWarning, ...]]:
    """The largest group of files with the same size and orientation."""
    groups: dict[tuple[object, ...], list[FileDataset]] = defaultdict(list)
    for dataset in datasets:
        place = find_place(dataset, 0)
        groups[int(dataset.Rows), int(dataset.Columns), () if place is None else _round(place)].append(dataset)
    largest = max(groups.values(), key=len)
    if len(largest) == len(datasets):
        return largest, ()
    return largest, (warn_slices_left_out(len(datasets) - len(largest)),)


def _round(place: Place) -> tuple[float, ...]:
    """Directions to within about a degree."""
    return tuple(float(value) for value in np.round(np.concatenate([place.down, place.right]) * 50) / 50)


def _locate(source: int, frame: int, dataset: FileDataset) -> _Frame:
    place, key = find_place(dataset, frame), find_stack_key(dataset, frame)
    if place is None or place.position is None:
        return _Frame(source, frame, place, None, key)
    return _Frame(source, frame, place, float(place.position @ place.normal), key)


def _divide(image: _Frame, tiles: Tiles | None) -> list[_Frame]:
    """The frames that the tiles of an image are; the image itself without tiles."""
    if tiles is None or image.place is None:
        return [image]
    places = [replace(image.place, position=position) for position in tiles.positions]
    return [
        replace(image, frame=index, place=place, height_mm=float(tiles.positions[index] @ place.normal))
        for index, place in enumerate(places)
    ]


def _sort(frames: Sequence[_Frame]) -> tuple[list[_Frame], tuple[ScanWarning, ...]]:
    """By position, one at each; in the given order where a position is unknown."""
    heights = [frame.height_mm for frame in frames]
    if any(height is None for height in heights):
        return list(frames), ()
    ordered = sorted(frames, key=lambda frame: frame.height_mm or 0.0)
    placed: list[Placed] = []
    start_mm = -np.inf
    for frame in ordered:
        is_next = (frame.height_mm or 0.0) - start_mm > _SAME_PLACE_MM
        start_mm = (frame.height_mm or 0.0) if is_next else start_mm
        number = placed[-1].place + is_next if placed else 0
        placed.append(Placed(number, frame.key, frame.source + frame.frame))
    chosen, differences = choose_stack(placed)
    single = [ordered[index] for index in chosen]
    notes = []
    if len(single) < len(ordered):
        notes.append(warn_duplicate_slices(len(ordered) - len(single), differences))
    steps = np.diff([frame.height_mm or 0.0 for frame in single])
    if len(steps) and steps.max() > _GAP * np.median(steps):
        notes.append(MISSING_SLICES)
    return single, tuple(notes)


def _make_volume(
    pixels: Voxels, frames: Sequence[_Frame], dataset: FileDataset, warnings: tuple[ScanWarning, ...]
) -> Volume:
    """A volume of pixels, shape (slices, rows, columns), in the order of the frames."""
    spacing = find_spacing(dataset, frames[0].frame)
    if spacing is None:
        warnings = (*warnings, NO_SPACING)
    rows_mm, columns_mm = spacing or (1.0, 1.0)
    place, step_mm = frames[0].place, _find_step(frames) or find_thickness(dataset) or 1.0
    if place is None:
        # Rows towards posterior and columns towards left, as an axial slice is displayed.
        place = Place(None, np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0]))
        warnings = (*warnings, NO_ORIENTATION)
    affine = np.eye(4)
    affine[:3, :3] = np.stack([place.normal * step_mm, place.down * rows_mm, place.right * columns_mm], axis=1)
    affine[:3, 3] = 0 if place.position is None else place.position
    affine[:3] = LPS_TO_RAS @ affine[:3]
    reoriented = reorient_to_ras(pixels, affine)
    plane, stated = PLANES[reoriented.axis_of[0]], name_plane(place.normal)[1]
    return Volume(
        reoriented.voxels,
        reoriented.spacing_mm,
        reoriented.affine,
        "dicom",
        plane,
        stated,
        find_modality(dataset),
        warnings,
        find_sequence(dataset, frames[0].frame),
    )


def _find_step(frames: Sequence[_Frame]) -> float | None:
    """Millimetres between neighbours, by their positions."""
    heights = [frame.height_mm for frame in frames if frame.height_mm is not None]
    return float(np.median(np.diff(heights))) if len(heights) == len(frames) > 1 else None


def _find_order(dataset: FileDataset) -> tuple[float, float, str, str, bytes]:
    """By time and number; the pixels tell copies with one UID apart."""
    times = [find_number([], "", keyword, dataset) or 0.0 for keyword in ("AcquisitionNumber", "InstanceNumber")]
    content_time = str(dataset.get("ContentTime") or "")
    return times[0], times[1], content_time, str(dataset.get("SOPInstanceUID")), bytes(dataset.get("PixelData") or b"")
