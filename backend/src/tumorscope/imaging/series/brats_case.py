"""The NIfTI volumes of one case in, an Examination out; and how BraTS and BIDS name them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.errors import NotAnAnatomicalImage, NotOneExamination, UnknownSeries
from tumorscope.domain.scan import Examination, ScanWarning, Series, Volume
from tumorscope.imaging.formats.nifti import decode_nifti_scan
from tumorscope.imaging.scan_warnings import SEGMENTATION_LEFT_OUT, add_other_files, warn_sequence_chosen
from tumorscope.imaging.slices import STACK_AXIS
from tumorscope.imaging.source import ANY_SERIES, PREFERRED, DecodeLimits, SeriesWish, SourceFile

SEQUENCES = ("flair", "t1", "t1ce", "t2")
"""The sequences of a BraTS case."""

SEGMENTATION = "seg"
"""The name that `name_content` gives a segmentation."""

# From the endings of file names, of all years of BraTS and of BIDS, to the content.
_ENDINGS = {
    **{name: name for name in SEQUENCES},
    "t2f": "flair",
    "t1n": "t1",
    "t1c": "t1ce",
    "t1gd": "t1ce",
    "t2w": "t2",
    "t1w": "t1",
    "pdw": "pd",
    "seg": SEGMENTATION,
    "segm": SEGMENTATION,
}
_FILE = re.compile(rf"(?P<case>.+)[_-](?P<ending>{'|'.join(_ENDINGS)})\.nii(\.gz)?", re.IGNORECASE)
_AGENT = re.compile("_ce-[^_]*", re.IGNORECASE)
# BIDS names other images of the same head.
_OTHER = re.compile(
    r".+_(bold|dwi|sbref|epi|asl|perf|phase|phasediff|magnitude\d?|fieldmap)\.nii(\.gz)?", re.IGNORECASE
)
# The headers of one case differ by rounding.
_SAME_MM = 0.5


def name_content(file_name: str) -> tuple[str, str] | None:
    """The case and the content that a file name of BraTS or BIDS states.

    Parameters
    ----------
    file_name : str
        Without folders, for example ``BraTS20_Training_001_t1ce.nii.gz``, ``BraTS-GLI-00001-000-t1c.nii`` or
        ``sub-01_ce-gadolinium_T1w.nii.gz``.

    Returns
    -------
    (str, str), or None
        The case, and one of ``flair``, ``t1``, ``t1ce``, ``t2``, ``pd``, ``seg``; None for other names.
    """
    match = _FILE.fullmatch(file_name)
    if match is None:
        return None
    case, content = _AGENT.sub("", match["case"]), _ENDINGS[match["ending"].lower()]
    return case, "t1ce" if content == "t1" and case != match["case"] else content


def decode_case(
    files: Sequence[SourceFile], limits: DecodeLimits, wish: SeriesWish = ANY_SERIES
) -> Examination | Volume:
    """Decode the volumes of one case.

    Parameters
    ----------
    files : sequence of SourceFile
        NIfTI volumes; segmentations, masks and maps among them are left out.
    limits : DecodeLimits
        The upper limits for all of them together.
    wish : SeriesWish
        Which sequence is read, by its name in place of a UID; else the first that `PREFERRED` names.

    Returns
    -------
    Examination or Volume
        Its sequences by name; a volume whose name states nothing, if nothing else is left. Of the sequences of a BIDS
        subject that do not share a grid, the one that is read.

    Raises
    ------
    NotOneExamination
        The names state no sequence, one sequence twice or several cases, or the volumes of a case do not share a grid.
    CorruptFile, ImageTooLarge, ExpandsTooMuch, UnsupportedFormat, NotAnMrImage
        A volume cannot be decoded, or is no MR.
    NotAnAnatomicalImage
        Nothing is left.
    UnknownSeries
        No volume is of the sequence that is asked for.
    """
    shared = replace(limits, expanded_bytes=limits.expanded_bytes // len(files))
    contents = [(file, name_content(file.name)) for file in files]
    named = {content[1]: file for file, content in contents if content is not None}
    cases = {content[0].lower() for _, content in contents if content is not None}
    unnamed = [file for file, content in contents if content is None and not _OTHER.fullmatch(file.name)]
    left_out = ["functional"] * (len(files) - len(unnamed) - sum(content is not None for _, content in contents))
    if len(cases) > 1 or sum(content is not None for _, content in contents) > len(named):
        raise NotOneExamination(
            "The volumes are not one examination: by their names they are of several, or have one sequence twice. Send "
            "those of one, each sequence once."
        )
    others = []
    for file in unnamed:
        try:
            others.append(decode_nifti_scan(file.data, shared))
        except NotAnAnatomicalImage:
            left_out.append("mask")
    images = sorted((name, file) for name, file in named.items() if name != SEGMENTATION)
    volumes = {name: decode_nifti_scan(file.data, shared) for name, file in images}
    if not volumes and not others:
        raise NotAnAnatomicalImage("The volumes are segmentations, masks or maps. Send the MR volume itself.")
    if others and len(others) + len(volumes) > 1:
        raise NotOneExamination(
            "The volumes are not one examination: their names do not end in _flair, _t1, _t1ce and _t2, or in "
            "_FLAIR, _T1w, _ce-gadolinium_T1w and _T2w. Send one volume, or name them so."
        )
    series = _list_series(named, volumes, wish)
    warnings: tuple[ScanWarning, ...] = (SEGMENTATION_LEFT_OUT,) if SEGMENTATION in named else ()
    if left_out:
        warnings = add_other_files(warnings, left_out)
    if others:
        return replace(others[0], warnings=(*warnings, *others[0].warnings))
    first = series[0].uid
    aligned = {name: volume for name, volume in volumes.items() if _share_grid(volumes[first], volume)}
    if len(aligned) < len(volumes):
        if not cases.pop().startswith("sub-"):
            raise NotOneExamination(
                "The volumes differ in size or position. Send the aligned volumes of one case, or one volume."
            )
        aligned, warnings = {first: volumes[first]}, (*warnings, warn_sequence_chosen(first))
    return Examination(aligned, warnings, series)


def _list_series(
    files: Mapping[str, SourceFile], volumes: Mapping[str, Volume], wish: SeriesWish
) -> tuple[Series, ...]:
    """The volumes by their sequences, the one that is read first."""
    if wish.uid is not None and wish.uid not in volumes:
        raise UnknownSeries("The case holds no such sequence. Ask for one of those that `input.series` lists.")
    order: list[str | None] = [wish.uid, *PREFERRED, *volumes]
    why = "sequence" if wish.uid is None else "not_requested"
    series: list[Series] = []
    for name in sorted(volumes, key=order.index):
        volume = volumes[name]
        sequence = next((known for known in PREFERRED if known == name), None)
        plane, count = volume.stated_plane or volume.plane, volume.voxels.shape[STACK_AXIS[volume.plane]]
        series.append(Series(name, files[name].name, sequence, plane, count, why if series else None))
    return tuple(series)


def measure_corner_shift(
    shape: tuple[int, ...], first: NDArray[np.float64] | None, second: NDArray[np.float64] | None
) -> float:
    """The largest distance, in millimetres, between the corners of a volume under two affines; 0 without one."""
    if first is None or second is None:
        return 0.0
    corners = np.array([(*corner, 1) for corner in product(*[(0, length - 1) for length in shape])])
    return float(np.linalg.norm(corners @ (first - second).T, axis=1).max())


def _share_grid(first: Volume, second: Volume) -> bool:
    shape = first.voxels.shape
    return second.voxels.shape == shape and measure_corner_shift(shape, first.affine, second.affine) <= _SAME_MM
