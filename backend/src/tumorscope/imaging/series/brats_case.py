"""The NIfTI volumes of one BraTS case in, an Examination out; and the naming of BraTS files."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.errors import MixedStudy
from tumorscope.domain.scan import Examination, Volume
from tumorscope.imaging.formats.nifti import decode_nifti_scan
from tumorscope.imaging.scan_warnings import SEGMENTATION_LEFT_OUT
from tumorscope.imaging.source import DecodeLimits, SourceFile

SEQUENCES = ("flair", "t1", "t1ce", "t2")
"""The sequences of a BraTS case."""

SEGMENTATION = "seg"
"""The name that `name_content` gives a segmentation."""

# From the endings of file names, of all years, to the content.
_ENDINGS = {
    **{name: name for name in SEQUENCES},
    "t2f": "flair",
    "t1n": "t1",
    "t1c": "t1ce",
    "t1gd": "t1ce",
    "t2w": "t2",
    "seg": SEGMENTATION,
    "segm": SEGMENTATION,
}
_FILE = re.compile(rf"(?P<case>.+)[_-](?P<ending>{'|'.join(_ENDINGS)})\.nii(\.gz)?", re.IGNORECASE)
# The headers of one case differ by rounding.
_SAME_MM = 0.5


def name_content(file_name: str) -> tuple[str, str] | None:
    """The case and the content that a BraTS file name states.

    Parameters
    ----------
    file_name : str
        Without folders, for example ``BraTS20_Training_001_t1ce.nii.gz`` or ``BraTS-GLI-00001-000-t1c.nii``.

    Returns
    -------
    (str, str), or None
        The case, and one of ``flair``, ``t1``, ``t1ce``, ``t2``, ``seg``; None for other names.
    """
    match = _FILE.fullmatch(file_name)
    return None if match is None else (match["case"], _ENDINGS[match["ending"].lower()])


def decode_case(files: Sequence[SourceFile], limits: DecodeLimits) -> Examination:
    """Decode the volumes of one case.

    Parameters
    ----------
    files : sequence of SourceFile
        NIfTI volumes; a segmentation among them is left out.
    limits : DecodeLimits
        The upper limits for all of them together.

    Returns
    -------
    Examination
        Its sequences by name.

    Raises
    ------
    MixedStudy
        The names state no sequence, one sequence twice or several cases, or the volumes do not share a grid.
    CorruptFile, ImageTooLarge, ExpandsTooMuch, UnsupportedFormat, NotAnMrImage, NotAnAnatomicalImage
        A volume cannot be decoded, or is no anatomical MR.
    """
    contents = [name_content(file.name) for file in files]
    named = {content[1]: file for content, file in zip(contents, files, strict=True) if content is not None}
    cases = {content[0].lower() for content in contents if content is not None}
    if None in contents or len(named) < len(files) or len(cases) > 1:
        raise MixedStudy(
            "Several NIfTI volumes are read together as one case, by names that end in _flair, _t1, _t1ce and _t2."
        )
    shared = replace(limits, expanded_bytes=limits.expanded_bytes // len(named))
    volumes = {name: decode_nifti_scan(file.data, shared) for name, file in named.items() if name != SEGMENTATION}
    if not volumes:
        raise MixedStudy("A segmentation alone is not a scan.")
    first = next(iter(volumes.values()))
    if not all(_share_grid(first, volume) for volume in volumes.values()):
        raise MixedStudy("The volumes differ in size or position; send the aligned volumes of one case.")
    return Examination(volumes, (SEGMENTATION_LEFT_OUT,) if SEGMENTATION in named else ())


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
