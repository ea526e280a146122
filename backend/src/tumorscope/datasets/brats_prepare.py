"""BraTS cases in, a cache of their z-scored slices out; resumes after an interruption."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tumorscope.datasets.brats_cache import PreparedCase, PreparedSlice, write_case
from tumorscope.datasets.brats_layout import Case
from tumorscope.datasets.volumes import find_box
from tumorscope.domain.errors import DatasetError, InputError
from tumorscope.domain.scan import Volume
from tumorscope.imaging.formats.nifti import decode_nifti
from tumorscope.imaging.series.brats_case import measure_corner_shift
from tumorscope.imaging.slices import slice_volume
from tumorscope.imaging.source import FROM_DISK
from tumorscope.preprocessing.brain import ZSCORE_LIMIT, normalise_brain

# 4 only until 2020 and 3 only since 2023, for the same part of the tumour.
_SEGMENTATION_VALUES = (0, 1, 2, 3, 4)
# Rounding in a header moves a corner by less, another position of the head by more.
_MAX_CORNER_SHIFT_MM = 0.1

Scores = NDArray[np.float16]
"""Axial slices as displayed, shape (slices, height, width)."""
Mask = NDArray[np.bool_]
"""Of the same shape."""


def prepare_cases(
    cases: Sequence[Case],
    channels: tuple[str, ...],
    cache: Path,
    jobs: int,
    advance: Callable[[], None],
    *,
    keep_going: bool = False,
) -> list[DatasetError]:
    """Prepare cases in parallel.

    Parameters
    ----------
    cases : sequence of Case
        Labelled, and not in the cache yet.
    channels : tuple of str
        Three of `brats_case.SEQUENCES`.
    cache : Path
        From `brats_cache.claim_cache`.
    jobs : int
        Cases at the same time; each takes about 150 MB. Reading and computing release Python's lock, so that threads
        use all cores.
    advance : callable
        Called once for each case.
    keep_going : bool
        Continue with the other cases after an error.

    Returns
    -------
    list of DatasetError
        The errors, in the order of the cases; empty without `keep_going`.

    Raises
    ------
    DatasetError
        The first error, without `keep_going`; cases prepared before it stay.
    """
    problems: dict[str, DatasetError] = {}
    with ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(prepare_case, case, channels, cache): case for case in cases}
        try:
            for future in as_completed(futures):
                try:
                    future.result()
                except DatasetError as error:
                    if not keep_going:
                        raise
                    problems[futures[future].name] = error
                advance()
        except BaseException:
            # Also after an interruption: wait for the running cases, cancel the others.
            pool.shutdown(cancel_futures=True)
            raise
    return [problems[case.name] for case in cases if case.name in problems]


def prepare_case(case: Case, channels: tuple[str, ...], cache: Path) -> None:
    """Prepare one case: its sequences z-scored within the brain, sliced axially, cropped to the brain, and stored.

    Raises
    ------
    DatasetError
        Names case and file: a modality, the segmentation or the grade is absent, a file cannot be read, shapes or
        affines disagree, a volume is empty, or the segmentation is empty or holds other values.
    """
    for name in channels:
        if name not in case.modalities:
            raise DatasetError(f"{case.name}: {name} is missing in {case.folder}.")
    if case.segmentation is None:
        raise DatasetError(f"{case.name}: the segmentation is missing in {case.folder}.")
    if case.expects_grade and case.grade is None:
        raise DatasetError(f"{case.name}: no grade; neither name_mapping.csv nor the path {case.folder} states one.")
    segmentation = _read_segmentation(case, case.segmentation)
    scores = [_hang(_read_normalised(case, case.modalities[name], segmentation)) for name in channels]
    record, pixels = _cut_to_brain(case, channels, segmentation.spacing_mm, scores, _hang(segmentation) > 0.5)
    write_case(cache, record, pixels)


def _read(case: Case, path: Path) -> Volume:
    try:
        return decode_nifti(path.read_bytes(), FROM_DISK)
    except (InputError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DatasetError(f"{case.name}: {path} cannot be read: {reason}") from error


def _read_segmentation(case: Case, path: Path) -> Volume:
    """1 in the tumour, 0 outside."""
    segmentation = _read(case, path)
    voxels = segmentation.voxels
    if not np.isin(voxels, _SEGMENTATION_VALUES).all():
        raise DatasetError(f"{case.name}: {path} holds other values than 0 to 4; is it a segmentation?")
    tumor = voxels > 0
    if not tumor.any():
        raise DatasetError(f"{case.name}: {path} is an empty segmentation.")
    return replace(segmentation, voxels=tumor.astype(np.float32))


def _read_normalised(case: Case, path: Path, segmentation: Volume) -> Volume:
    """A modality, which must share the grid of the segmentation."""
    volume, other = _read(case, path), "" if case.segmentation is None else case.segmentation.name
    shape = segmentation.voxels.shape
    if volume.voxels.shape != shape:
        sizes = ["x".join(map(str, sides)) for sides in (volume.voxels.shape, shape)]
        raise DatasetError(f"{case.name}: {path} has {sizes[0]} voxels, and {other} {sizes[1]}.")
    shift = measure_corner_shift(shape, volume.affine, segmentation.affine)
    if shift > _MAX_CORNER_SHIFT_MM:
        raise DatasetError(f"{case.name}: the affine of {path} lies {shift:.1f} mm off that of {other}.")
    try:
        return normalise_brain(volume)
    except ValueError as error:
        raise DatasetError(f"{case.name}: {path} is an empty volume: {error}.") from error


def _hang(volume: Volume) -> Scores:
    """Every axial slice, displayed as in serving (`imaging.slices`)."""
    count = volume.voxels.shape[2]
    return np.stack([slice_volume(volume, "axial", index).pixels.astype(np.float16) for index in range(count)])


def _cut_to_brain(
    case: Case, channels: tuple[str, ...], spacing_mm: tuple[float, float, float], scores: list[Scores], tumor: Mask
) -> tuple[PreparedCase, Scores]:
    """The record, and the slices cropped to the brain, shape (slices, rows, columns, channels)."""
    brain = np.any([channel > -ZSCORE_LIMIT for channel in scores], axis=0)
    extent = ndimage.find_objects(brain.astype(np.uint8))[0]
    depth, rows, columns = extent
    slices = tuple(
        PreparedSlice(
            index=index,
            brain_voxels=int(brain[index].sum()),
            tumor_voxels=int(tumor[index].sum()),
            box=None if (box := find_box(tumor[index])) is None else astuple(box),
        )
        for index in range(depth.start, depth.stop)
    )
    record = PreparedCase(
        name=case.name,
        patient_id=case.patient_id,
        source=case.source,
        grade=case.grade,
        channels=channels,
        spacing_mm=(min(spacing_mm[:2]), min(spacing_mm[:2])),
        height=brain.shape[1],
        width=brain.shape[2],
        top=rows.start,
        left=columns.start,
        slices=slices,
    )
    return record, np.stack([channel[extent] for channel in scores], axis=3)
