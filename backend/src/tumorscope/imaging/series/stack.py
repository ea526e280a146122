"""The slices of one DICOM series in, or the frames of one object, their Volume out."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileDataset

from tumorscope.domain.errors import CorruptFile
from tumorscope.domain.scan import DicomOrigin, ScanWarning, Volume, Voxels
from tumorscope.imaging.formats.dicom_instance import (
    Place,
    check_modality,
    find_modality,
    find_number,
    find_place,
    find_spacing,
    find_thickness,
)
from tumorscope.imaging.formats.dicom_origin import find_origin
from tumorscope.imaging.formats.dicom_pixels import bound_frame_bytes, check_size, count_frames, decode_frames
from tumorscope.imaging.formats.dicom_sequence import find_sequence
from tumorscope.imaging.formats.dicom_tiles import Tiles, find_tiles
from tumorscope.imaging.scan_warnings import (
    FIRST_STACK,
    MISSING_SLICES,
    NO_ORIENTATION,
    NO_SPACING,
    SHEARED,
    warn_duplicate_slices,
    warn_no_position,
    warn_slices_left_out,
)
from tumorscope.imaging.series.repeats import Placed, StackKey, choose_stack, find_stack_key
from tumorscope.imaging.slices import LPS_TO_RAS, PLANES, is_sheared, name_plane, reorient_to_ras
from tumorscope.imaging.source import DecodeLimits

# Slices nearer than this, or than this share of their thickness, have the same position; a step this many times the
# median one misses a slice.
_SAME_PLACE_MM, _SAME_PLACE = 0.05, 0.1
_GAP = 1.5
# Two unit vectors this far apart differ by a degree.
_PARALLEL = 2 * np.sin(np.radians(1) / 2)


@dataclass(frozen=True, slots=True)
class _Frame:
    """One slice of a stack: the index of its file, of its frame or tile in it, and its position along the normal.

    `location_mm` is the file's Slice Location, along the patient's nearest axis; `number` its Instance Number.
    """

    source: int
    frame: int
    place: Place | None
    height_mm: float | None
    location_mm: float | None
    number: float | None
    key: StackKey


def decode_series(datasets: Sequence[FileDataset], limits: DecodeLimits) -> Volume:
    """Stack the files of one series, a slice or its tiles each, by position along the normal; see `decode_dicom`.

    Of several at one position, `choose_stack` chooses; the order of the files does not matter.
    """
    kept, warnings = _keep_largest_group(sorted(datasets, key=_find_order))
    check_size(kept[0], len(kept), limits)
    tiles = [find_tiles(dataset) for dataset in kept]
    first = find_place(kept[0], 0)
    located = [_locate(source, 0, dataset, first) for source, dataset in enumerate(kept)]
    divided = [tile for frame in located for tile in _divide(frame, tiles[frame.source])]
    ordered, notes = _sort(divided, find_thickness(kept[0]))

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
    return _make_volume(stacked, ordered, kept, tuple(dict.fromkeys((*warnings, *notes))))


def decode_multi_frame(dataset: FileDataset, limits: DecodeLimits) -> Volume:
    """Stack the frames of an enhanced object; see `decode_dicom`.

    Of frames with several orientations the largest group is read; of several at one position (echoes, diffusion
    weightings, times), those of one stack.
    """
    described = len(dataset.PerFrameFunctionalGroupsSequence)
    if described != count_frames(dataset):
        raise CorruptFile("The DICOM file states another number of frames than it describes. Export it again.")
    check_size(dataset, described, limits)
    places = [find_place(dataset, frame) for frame in range(described)]
    largest = _find_parallel(places)
    frames = [_locate(0, frame, dataset, places[largest[0]]) for frame in largest]
    ordered, notes = _sort(frames, find_thickness(dataset))
    if len(ordered) < described:
        notes = (FIRST_STACK, *(note for note in notes if note.code != "duplicate_slices"))
    limits.reserve(len(ordered) * bound_frame_bytes(dataset))
    pixels = decode_frames(dataset, [frame.frame for frame in ordered])
    return _make_volume(pixels.pixels, ordered, [dataset], (*pixels.warnings, *notes))


def _keep_largest_group(datasets: Sequence[FileDataset]) -> tuple[list[FileDataset], tuple[ScanWarning, ...]]:
    """The largest group of files with the same size and orientation."""
    sizes: dict[tuple[int, int], list[FileDataset]] = defaultdict(list)
    for dataset in datasets:
        sizes[int(dataset.Rows), int(dataset.Columns)].append(dataset)
    groups = [
        [files[index] for index in _find_parallel([find_place(dataset, 0) for dataset in files])]
        for files in sizes.values()
    ]
    largest = max(groups, key=len)
    if len(largest) == len(datasets):
        return largest, ()
    return largest, (warn_slices_left_out(len(datasets) - len(largest)),)


def _find_parallel(places: Sequence[Place | None]) -> list[int]:
    """The indices of the largest group of places whose directions are those of its first, to within a degree."""
    directions = np.array([np.zeros((2, 3)) if place is None else (place.down, place.right) for place in places])
    left = np.arange(len(places))
    largest = left[:0]
    while len(left) > len(largest):
        is_near = np.linalg.norm(directions[left] - directions[left[0]], axis=2).max(axis=1) <= _PARALLEL
        largest = max(largest, left[is_near], key=len)
        left = left[~is_near]
    return [int(index) for index in largest]


def _locate(source: int, frame: int, dataset: FileDataset, first: Place | None) -> _Frame:
    """Heights are along the first place's normal: far from the origin, small differences of direction count."""
    place, location = find_place(dataset, frame), find_number([], "", "SliceLocation", dataset)
    height = None
    if first is not None and place is not None and place.position is not None:
        height = float(place.position @ first.normal)
    number = find_number([], "", "InstanceNumber", dataset)
    return _Frame(source, frame, place, height, location, number, find_stack_key(dataset, frame))


def _divide(image: _Frame, tiles: Tiles | None) -> list[_Frame]:
    """The frames that the tiles of an image are; the image itself without tiles."""
    if tiles is None or image.place is None:
        return [image]
    places = [replace(image.place, position=position) for position in tiles.positions]
    return [
        replace(image, frame=index, place=place, height_mm=float(tiles.positions[index] @ image.place.normal))
        for index, place in enumerate(places)
    ]


def _replace_heights(frames: Sequence[_Frame]) -> tuple[Sequence[_Frame], tuple[ScanWarning, ...]]:
    """The frames with heights, by Slice Location where positions are missing or all the same; None if both are."""
    heights, locations = [frame.height_mm for frame in frames], [frame.location_mm for frame in frames]
    if _differ(heights) or len(frames) == 1:
        return frames, ()
    if _differ(locations):
        normal = np.array([0, 0, 1]) if frames[0].place is None else frames[0].place.normal
        sign = float(np.sign(normal[np.abs(normal).argmax()]))
        placed = [replace(frame, height_mm=sign * (frame.location_mm or 0.0)) for frame in frames]
        return placed, (warn_no_position("slice_location"),)
    # One slice many times: it states one location, one number, or what differs.
    is_stack = len({frame.number for frame in frames}) == len(frames) and len({frame.key for frame in frames}) == 1
    if None not in heights and (None not in locations or not is_stack):
        return frames, ()
    return [replace(frame, height_mm=None) for frame in frames], (warn_no_position("number"),)


def _differ(heights: Sequence[float | None]) -> bool:
    known = [height for height in heights if height is not None]
    return len(known) == len(heights) and max(known) - min(known) > _SAME_PLACE_MM


def _sort(frames: Sequence[_Frame], thickness_mm: float | None) -> tuple[list[_Frame], tuple[ScanWarning, ...]]:
    """By position, one at each; in the given order where no position is known."""
    frames, doubts = _replace_heights(frames)
    if any(frame.height_mm is None for frame in frames):
        return list(frames), doubts
    same_mm = max(_SAME_PLACE_MM, _SAME_PLACE * (thickness_mm or 0.0))
    ordered = sorted(frames, key=lambda frame: frame.height_mm or 0.0)
    placed: list[Placed] = []
    start_mm = -np.inf
    for frame in ordered:
        is_next = (frame.height_mm or 0.0) - start_mm > same_mm
        start_mm = (frame.height_mm or 0.0) if is_next else start_mm
        number = placed[-1].place + is_next if placed else 0
        placed.append(Placed(number, frame.key, frame.source + frame.frame))
    chosen, differences = choose_stack(placed)
    single = [ordered[index] for index in chosen]
    notes = list(doubts)
    if len(single) < len(ordered):
        notes.append(warn_duplicate_slices(len(ordered) - len(single), differences))
    steps = np.diff([frame.height_mm or 0.0 for frame in single])
    if len(steps) and steps.max() > _GAP * np.median(steps):
        notes.append(MISSING_SLICES)
    return single, tuple(notes)


def _make_volume(
    pixels: Voxels, frames: Sequence[_Frame], datasets: Sequence[FileDataset], warnings: tuple[ScanWarning, ...]
) -> Volume:
    """A volume of pixels, shape (slices, rows, columns), in the order of the frames."""
    dataset = datasets[0]
    spacing = find_spacing(dataset, frames[0].frame)
    place, step_mm = frames[0].place, _find_step(frames) or find_thickness(dataset)
    if spacing is None or (step_mm is None and len(frames) > 1):
        warnings = (*warnings, NO_SPACING)
    rows_mm, columns_mm = spacing or (1.0, 1.0)
    step_mm = step_mm or 1.0
    if place is None:
        # Rows towards posterior and columns towards left, as an axial slice is displayed.
        place = Place(None, np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0]))
        warnings = (*warnings, NO_ORIENTATION)
    affine = np.eye(4)
    affine[:3, :3] = np.stack([place.normal * step_mm, place.down * rows_mm, place.right * columns_mm], axis=1)
    shift = _find_shift(frames, step_mm)
    if shift is not None:
        affine[:3, 0] = shift
        warnings = (*warnings, SHEARED)
    affine[:3, 3] = 0 if place.position is None else place.position
    affine[:3] = LPS_TO_RAS @ affine[:3]
    reoriented = reorient_to_ras(pixels, affine)
    plane, stated = PLANES[reoriented.axis_of[0]], name_plane(place.normal)[1]
    is_reversed = affine[reoriented.axis_of[0], 0] < 0
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
        origin=_find_origin(frames[::-1] if is_reversed else frames, datasets),
    )


def _find_origin(frames: Sequence[_Frame], datasets: Sequence[FileDataset]) -> DicomOrigin | None:
    """Of the frames in the order of the volume's slices; None of tiles, which are parts of images."""
    if find_tiles(datasets[0]) is not None:
        return None
    files = [datasets[one.source] for one in frames]
    numbers = [one.frame + 1 if count_frames(file) > 1 else None for one, file in zip(frames, files, strict=True)]
    return find_origin(list(zip(files, numbers, [one.place for one in frames], strict=True)))


def _find_step(frames: Sequence[_Frame]) -> float | None:
    """Millimetres between neighbours, by their positions."""
    heights = [frame.height_mm for frame in frames if frame.height_mm is not None]
    return float(np.median(np.diff(heights))) if len(heights) == len(frames) > 1 else None


def _find_shift(frames: Sequence[_Frame], step_mm: float) -> NDArray[np.float64] | None:
    """From one slice to the next, where that is not along their normal, as with a tilted gantry."""
    first, last = frames[0].place, frames[-1].place
    if first is None or last is None or first.position is None or last.position is None:
        return None
    way = last.position - first.position
    height = float(way @ first.normal)
    shift: NDArray[np.float64] = way * step_mm / height if abs(height) > _SAME_PLACE_MM else first.normal * step_mm
    return shift if is_sheared(np.stack([shift, first.down, first.right], axis=1)) else None


def _find_order(dataset: FileDataset) -> tuple[float, float, str, str, bytes]:
    """By time and number; the pixels tell copies with one UID apart."""
    times = [find_number([], "", keyword, dataset) or 0.0 for keyword in ("AcquisitionNumber", "InstanceNumber")]
    content_time = str(dataset.get("ContentTime") or "")
    return times[0], times[1], content_time, str(dataset.get("SOPInstanceUID")), bytes(dataset.get("PixelData") or b"")
