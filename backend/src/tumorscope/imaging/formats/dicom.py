"""The bytes of DICOM files in, their Slice or Volume out, by pydicom."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from pydicom.dataset import FileDataset

from tumorscope.domain.errors import ImageTooLarge, InputError, MixedStudy, NoPixelData, NotABrain, NotAnMrImage
from tumorscope.domain.scan import ScanWarning, Slice, Volume
from tumorscope.imaging.formats.dicom_dataset import read_dataset, read_value
from tumorscope.imaging.formats.dicom_instance import (
    check_modality,
    find_modality,
    find_place,
    find_spacing,
    is_multi_frame_mr,
)
from tumorscope.imaging.formats.dicom_origin import STATED_SERIES, find_origin
from tumorscope.imaging.formats.dicom_pixels import (
    bound_frame_bytes,
    check_is_whole,
    check_size,
    count_frames,
    decode_frames,
)
from tumorscope.imaging.formats.dicom_sequence import find_sequence
from tumorscope.imaging.formats.dicom_tiles import find_tiles
from tumorscope.imaging.scan_warnings import FIRST_FRAME, add_other_files, warn_files_left_out
from tumorscope.imaging.series.choice import choose_series
from tumorscope.imaging.series.stack import decode_multi_frame, decode_series
from tumorscope.imaging.slices import LPS_TO_RAS, SHOWN_BYTES, count_square_pixels, find_reorientation, make_square
from tumorscope.imaging.source import ANY_SERIES, DecodeLimits, SeriesWish, SourceFile
from tumorscope.imaging.wrap_errors import as_corrupt_file

_OF_ONE_SERIES = ("SeriesNumber", "SeriesDescription", "Rows", "Columns")
_DAMAGED = "The DICOM file has elements that cannot be read. Export it again."


def decode_dicom(files: Sequence[SourceFile], limits: DecodeLimits, wish: SeriesWish = ANY_SERIES) -> Slice | Volume:
    """Decode one instance, or the instances of one study.

    Parameters
    ----------
    files : sequence of SourceFile
        At least one, all of which `looks_like_dicom`.
    limits : DecodeLimits
        What is decoded at most.
    wish : SeriesWish
        Of several series.

    Returns
    -------
    Slice or Volume
        A volume for an enhanced object with several frames, an image of tiles, or a series; of several series the one
        that `choose_series` chooses. The modality LUT is applied. The file's own window is not: preprocessing finds one
        in the head, so that the same pixels get the same answer in any container.

    Raises
    ------
    NotAnMrImage, NoPixelData, TiledImage, CorruptFile, UnsupportedFormat, ImageTooLarge, ExpandsTooMuch
        The one file, or every file, is refused.
    MixedStudy
        The files are of several studies.
    UnknownSeries
        None of them has the UID that is asked for.
    """
    with as_corrupt_file(_DAMAGED):
        return _decode(files, limits, wish)


def _decode(files: Sequence[SourceFile], limits: DecodeLimits, wish: SeriesWish) -> Slice | Volume:
    datasets, failures = _read_all(files, limits)
    if not datasets:
        raise failures[0]
    if len({(str(read_value(one, "StudyInstanceUID")), str(read_value(one, "PatientID"))) for one in datasets}) > 1:
        raise MixedStudy("The DICOM files are of several studies; send one study at a time.")
    _join_series(datasets)
    chosen, series, warnings = choose_series(datasets, wish)
    others = [error for error in failures if isinstance(error, (NotAnMrImage, NotABrain, NoPixelData))]
    if others:
        warnings = add_other_files(warnings, ["DICOM"] * len(others))
    if len(failures) > len(others):
        warnings = (*warnings, warn_files_left_out(len(failures) - len(others), len(files)))
    scan = _decode_one(chosen[0], limits) if len(chosen) == 1 else decode_series(chosen, limits)
    return replace(scan, series=series, warnings=_join(warnings, scan.warnings))


def _join_series(datasets: Sequence[FileDataset]) -> None:
    """Give one Series Instance UID to files that have one each, and share a series number, description and size."""
    counts = Counter(str(read_value(one, "SeriesInstanceUID")) for one in datasets)
    joined: dict[tuple[str, ...], list[FileDataset]] = defaultdict(list)
    for dataset in datasets:
        is_single = counts[str(read_value(dataset, "SeriesInstanceUID"))] == 1 and not is_multi_frame_mr(dataset)
        if is_single and read_value(dataset, "SeriesNumber") is not None:
            joined[tuple(str(read_value(dataset, keyword)) for keyword in _OF_ONE_SERIES)].append(dataset)
    for files in joined.values():
        uid = min(str(read_value(file, "SeriesInstanceUID")) for file in files)
        for file in files:
            setattr(file, STATED_SERIES, str(read_value(file, "SeriesInstanceUID") or ""))
            file.SeriesInstanceUID = uid


def _read_all(files: Sequence[SourceFile], limits: DecodeLimits) -> tuple[list[FileDataset], list[InputError]]:
    """The MR images among the files, and the errors of the others."""
    datasets: list[FileDataset] = []
    failures: list[InputError] = []
    for file in files:
        try:
            with as_corrupt_file(_DAMAGED):
                dataset = read_dataset(file.data, limits.expanded_bytes, limits.reserve)
                check_modality(dataset)
                check_size(dataset, 1, limits)
                check_is_whole(dataset)
                find_tiles(dataset)
                datasets.append(dataset)
        except ImageTooLarge:
            # Perhaps there is no memory for more files; those before it are not the whole study.
            raise
        except InputError as error:
            failures.append(error)
    return datasets, failures


def _decode_one(dataset: FileDataset, limits: DecodeLimits) -> Slice | Volume:
    notes = check_modality(dataset)
    frames = count_frames(dataset)
    if is_multi_frame_mr(dataset):
        volume = decode_multi_frame(dataset, limits)
        return replace(volume, warnings=_join(notes, volume.warnings))
    if find_tiles(dataset) is not None:
        return decode_series([dataset], limits)
    place, spacing = find_place(dataset, 0), find_spacing(dataset, 0)
    limits.reserve(
        bound_frame_bytes(dataset) + SHOWN_BYTES * count_square_pixels(dataset.Rows, dataset.Columns, spacing)
    )
    decoded = decode_frames(dataset, [0])
    if frames > 1:
        notes = (*notes, FIRST_FRAME)
    square = make_square(decoded.pixels[0], spacing)
    pixels = square.pixels.astype(np.float32) if square.pixels.dtype == np.int16 else square.pixels
    stored = decoded.pixels.shape[1:]
    found = Slice(
        pixels,
        "dicom",
        square.spacing_mm,
        find_modality(dataset),
        (*notes, *decoded.warnings),
        stored_shape=None if stored == pixels.shape else (stored[0], stored[1]),
        sequence=find_sequence(dataset, 0),
        origin=find_origin([(dataset, 1 if frames > 1 else None, place)]),
    )
    if place is None:
        return found
    reorientation, plane = find_reorientation(LPS_TO_RAS @ place.down, LPS_TO_RAS @ place.right)
    return replace(found, pixels=reorientation.apply(found.pixels), plane=plane, reorientation=reorientation)


def _join(first: tuple[ScanWarning, ...], second: tuple[ScanWarning, ...]) -> tuple[ScanWarning, ...]:
    return tuple(dict.fromkeys((*first, *second)))
