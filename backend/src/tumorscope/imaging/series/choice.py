"""The DICOM data sets of one study in, the series to read out, and what the others are."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import get_args

from pydicom.dataset import FileDataset

from tumorscope.domain.errors import UnknownSeries
from tumorscope.domain.scan import ScanWarning, SequenceName, Series
from tumorscope.imaging.formats.dicom_instance import (
    Place,
    find_place,
    find_thickness,
    is_derived_map,
    is_multi_frame_mr,
    is_no_magnitude,
)
from tumorscope.imaging.formats.dicom_pixels import count_frames
from tumorscope.imaging.formats.dicom_sequence import ImageKind, find_kind, find_sequence
from tumorscope.imaging.formats.dicom_tiles import find_tiles
from tumorscope.imaging.scan_warnings import warn_kind, warn_series_chosen
from tumorscope.imaging.slices import name_plane
from tumorscope.imaging.source import SeriesWish

_KINDS: tuple[ImageKind, ...] = get_args(ImageKind)
# A series that covers less than this share of what the longest of its kind covers shows a part of the head.
_COVERS = 0.5


@dataclass(frozen=True, slots=True)
class _Candidate:
    """The files of a series, and what most of them state."""

    uid: str
    datasets: list[FileDataset]
    kind: ImageKind
    sequence: SequenceName | None
    place: Place | None
    slice_count: int
    extent_mm: float


def choose_series(
    datasets: Sequence[FileDataset], wish: SeriesWish
) -> tuple[list[FileDataset], tuple[Series, ...], tuple[ScanWarning, ...]]:
    """Choose the series that is asked for, else the one that suits the model best.

    Returns
    -------
    (list of FileDataset, tuple of Series, tuple of ScanWarning)
        The files; all series, the chosen one first; and what was left out. Anatomical series come before others, those
        that cover most of the head before parts of it, then the preferred sequence, then the one with most slices. An
        object with several frames is a series of its own.

    Raises
    ------
    UnknownSeries
        No series has the UID that is asked for.
    """
    files: dict[tuple[str, bytes], list[FileDataset]] = defaultdict(list)
    for dataset in datasets:
        if is_multi_frame_mr(dataset):
            # A copy of it adds nothing.
            files[str(dataset.get("SOPInstanceUID") or ""), bytes(dataset.get("PixelData") or b"")] = [dataset]
        else:
            files[str(dataset.get("SeriesInstanceUID") or ""), b""].append(dataset)
    candidates = [_describe(uid, members) for (uid, _), members in sorted(files.items(), key=itemgetter(0))]
    wanted = {one.uid for one in candidates if wish.uid in {one.uid, str(one.datasets[0].get("SeriesInstanceUID"))}}
    if wish.uid is not None and not wanted:
        raise UnknownSeries(
            "The upload holds no series with this UID that can be read. Ask for one of those that `input.series` lists."
        )
    longest: dict[ImageKind, float] = defaultdict(float)
    for one in candidates:
        longest[one.kind] = max(longest[one.kind], one.extent_mm)

    def rank(one: _Candidate) -> tuple[bool, int, bool, int, int, str]:
        order = [*wish.preferred, one.sequence]
        is_part = one.extent_mm < _COVERS * longest[one.kind]
        return (
            one.uid not in wanted,
            _KINDS.index(one.kind),
            is_part,
            order.index(one.sequence),
            -one.slice_count,
            one.uid,
        )

    ranked = sorted(candidates, key=rank)
    first = rank(ranked[0])
    series = []
    for one in ranked:
        difference = next((axis for axis, level in enumerate(rank(one)) if level != first[axis]), 0)
        reasons = ("not_requested", one.kind, "covers_less", "sequence", "fewer_slices", "fewer_slices")
        plane = None if one.place is None else name_plane(one.place.normal)[1]
        description = str(one.datasets[0].get("SeriesDescription") or "").strip()
        why = None if one is ranked[0] else reasons[difference]
        series.append(Series(one.uid, description, one.sequence, plane, one.slice_count, why))
    chosen = ranked[0].datasets
    warnings = (warn_series_chosen(len(files), len(chosen)),) if len(files) > 1 else ()
    is_computed = all(is_derived_map(dataset) or is_no_magnitude(dataset) for dataset in chosen)
    return chosen, tuple(series), (*warnings, *warn_kind(ranked[0].kind, is_computed=is_computed))


def _describe(uid: str, datasets: list[FileDataset]) -> _Candidate:
    """What most files of a series state; slices at one place count once."""
    kinds = Counter(find_kind(dataset, 0) for dataset in datasets)
    sequences = Counter(find_sequence(dataset, 0) for dataset in datasets)
    heights: dict[tuple[float, ...], dict[float, Place]] = defaultdict(dict)
    for dataset in datasets:
        for frame in range(len(dataset.PerFrameFunctionalGroupsSequence) if is_multi_frame_mr(dataset) else 1):
            place, tiles = find_place(dataset, frame), find_tiles(dataset)
            if place is None:
                continue
            # A tiled image states the places of its tiles, and perhaps none of its own.
            positions = list(tiles.positions) if tiles else [] if place.position is None else [place.position]
            normal = place.normal
            rounded = tuple(normal.round(2).tolist())
            for position in positions:
                heights[rounded][round(float(position @ normal), 1)] = place
    # The magnitude is read, beside which there may be phase, real and imaginary parts.
    if 3 * (kinds.total() - kinds["derived_map"]) >= kinds["derived_map"]:
        del kinds["derived_map"]
    # Of equally many the last kind, as b-values of 0 look anatomical.
    kind = max(kinds, key=lambda kind: (kinds[kind], _KINDS.index(kind)))
    sequence = max(sequences, key=lambda name: (sequences[name], str(name)))
    if not heights:
        count = sum(count_frames(one) if is_multi_frame_mr(one) else 1 for one in datasets)
        return _Candidate(uid, datasets, kind, sequence, None, count, count * (find_thickness(datasets[0]) or 0.0))
    stack = heights[max(heights, key=lambda normal: (len(heights[normal]), normal))]
    extent = max(stack) - min(stack) + (find_thickness(datasets[0]) or 0.0)
    return _Candidate(uid, datasets, kind, sequence, next(iter(stack.values())), len(stack), extent)
