"""The NIfTI volumes of one BraTS case in, an Examination out; also how the files of BraTS are named."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tumorscope.domain.errors import MixedStudy
from tumorscope.domain.scan import Examination, Volume
from tumorscope.imaging.formats.nifti import decode_nifti
from tumorscope.imaging.scan_warnings import SEGMENTATION_LEFT_OUT
from tumorscope.imaging.source import DecodeLimits, SourceFile

SEQUENCES = ("flair", "t1", "t1ce", "t2")
"""Of a BraTS case."""

SEGMENTATION = "seg"
"""What `name_content` calls a segmentation."""

# As files end, in the names of all years, to what they hold.
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
# Headers of one case differ by rounding.
_SAME_MM = 0.5


def name_content(file_name: str) -> tuple[str, str] | None:
    """The case and the content that a file name of BraTS states.

    Parameters
    ----------
    file_name : str
        Without folders, as ``BraTS20_Training_001_t1ce.nii.gz`` or ``BraTS-GLI-00001-000-t1c.nii``.

    Returns
    -------
    (str, str), or None
        The case, and one of ``flair``, ``t1``, ``t1ce``, ``t2``, ``seg``; None for a name of another kind.
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
        What is decoded at most, of all of them together.

    Returns
    -------
    Examination
        Its sequences by name.

    Raises
    ------
    MixedStudy
        The names say no sequence, one sequence twice or several cases, or the volumes do not lie in one place.
    CorruptFile, ImageTooLarge, ExpandsTooMuch, UnsupportedFormat
        A volume cannot be decoded.
    """
    contents = [name_content(file.name) for file in files]
    named = {content[1]: file for content, file in zip(contents, files, strict=True) if content is not None}
    cases = {content[0].lower() for content in contents if content is not None}
    if None in contents or len(named) < len(files) or len(cases) > 1:
        raise MixedStudy(
            "Several NIfTI volumes are read together as one case, by names that end in _flair, _t1, _t1ce and _t2."
        )
    shared = replace(limits, expanded_bytes=limits.expanded_bytes // len(named))
    volumes = {name: decode_nifti(file.data, shared) for name, file in named.items() if name != SEGMENTATION}
    if not volumes:
        raise MixedStudy("A segmentation alone is no scan.")
    first = next(iter(volumes.values()))
    if not all(_lies_with(first, volume) for volume in volumes.values()):
        raise MixedStudy("The volumes are not of one size and place; send those of one examination, aligned.")
    return Examination(volumes, (SEGMENTATION_LEFT_OUT,) if SEGMENTATION in named else ())


def _lies_with(first: Volume, second: Volume) -> bool:
    if first.voxels.shape != second.voxels.shape or first.affine is None or second.affine is None:
        return False
    corner = np.array([*first.voxels.shape, 1.0])
    origins = np.abs(first.affine[:3, 3] - second.affine[:3, 3]).max()
    corners = np.abs((first.affine - second.affine)[:3] @ corner).max()
    return bool(max(origins, corners) <= _SAME_MM)
