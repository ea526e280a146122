"""A prepared BraTS case in, two files of a cache out, and back: its slices (.npy) and their record (.json).

::

    CACHE/prepared.json              the settings of the preparation
    CACHE/cases/NAME.npy             (slices, rows, columns, 3), float16, cropped to the brain
    CACHE/cases/NAME.json            the record, written last: it marks a complete case
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from tumorscope.datasets.brats_layout import Grade
from tumorscope.domain.errors import DatasetError
from tumorscope.domain.scan import Slice
from tumorscope.preprocessing.brain import ZSCORE_LIMIT

SETTINGS_FILE = "prepared.json"
"""Marks a folder as a cache."""
_CASES = "cases"


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CacheSettings(_Record):
    """The settings that all cases of a cache share."""

    format_version: Literal[1] = 1
    channels: tuple[str, ...]
    zscore_limit: float = ZSCORE_LIMIT


class PreparedSlice(_Record):
    """One axial slice: position in its volume, voxels of brain and of tumour, and the tumour's box.

    The box is (centre x, centre y, width, height), as fractions of the slice; None without tumour.
    """

    index: int
    brain_voxels: int
    tumor_voxels: int
    box: tuple[float, float, float, float] | None


class PreparedCase(_Record):
    """One case; `top` and `left` place the stored part in slices of `height` x `width` pixels.

    Its slices are consecutive.
    """

    name: str
    patient_id: str
    source: str
    grade: Grade | None
    channels: tuple[str, ...]
    spacing_mm: tuple[float, float]
    height: int
    width: int
    top: int
    left: int
    slices: tuple[PreparedSlice, ...]


def claim_cache(cache: Path, settings: CacheSettings) -> None:
    """Create a cache with these settings, or check an existing one.

    Raises
    ------
    DatasetError
        The folder is a cache with other settings, or holds other files.
    """
    file = cache / SETTINGS_FILE
    if file.is_file():
        existing = read_settings(cache)
        if existing != settings:
            raise DatasetError(
                f"{cache} holds cases prepared with the channels {', '.join(existing.channels)}, z-scores up to "
                f"{existing.zscore_limit:g}; remove it, or name another --output."
            )
        return
    if cache.exists() and (not cache.is_dir() or any(cache.iterdir())):
        raise DatasetError(f"{cache} holds other files than prepared cases; name another --output.")
    (cache / _CASES).mkdir(parents=True)
    _write(file, settings.model_dump_json(indent=2).encode())


def read_settings(cache: Path) -> CacheSettings:
    """Read the settings of a cache.

    Raises
    ------
    DatasetError
        The folder is not a cache, or the file is damaged.
    """
    file = cache / SETTINGS_FILE
    try:
        return CacheSettings.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise DatasetError(f"{file} does not hold the settings of prepared cases: run `tumorscope prepare`.") from error


def is_prepared(cache: Path, name: str) -> bool:
    """Whether the case of that name is complete."""
    return (cache / _CASES / f"{name}.json").is_file()


def write_case(cache: Path, case: PreparedCase, pixels: NDArray[np.float16]) -> None:
    """Write a case, the record last, so that an interrupted write leaves no case.

    Parameters
    ----------
    cache : Path
        From `claim_cache`.
    case : PreparedCase
        Its record.
    pixels : ndarray, shape (slices, rows, columns, channels), float16
        Z-scores, -5 outside the brain, in the display orientation of `imaging.slices`; the record's slices.
    """
    file = cache / _CASES / f"{case.name}.npy"
    partial = file.with_suffix(".npy.partial")
    with partial.open("wb") as stream:
        np.save(stream, pixels)
    partial.replace(file)
    _write(file.with_suffix(".json"), case.model_dump_json().encode())


def list_cases(cache: Path) -> list[Path]:
    """The arrays of the complete cases in order of name."""
    return [file.with_suffix(".npy") for file in sorted((cache / _CASES).glob("*.json"))]


@lru_cache(maxsize=8)
def read_case(array: Path) -> PreparedCase:
    """Read the record beside an array; the last few stay cached, because slices of a case are read in succession.

    Raises
    ------
    DatasetError
        It is missing or damaged.
    """
    file = array.with_suffix(".json")
    try:
        return PreparedCase.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise DatasetError(f"{file} is not a prepared case's record; remove it and prepare the case again.") from error


def read_prepared_slice(array: Path, index: int) -> Slice:
    """Read one slice of a prepared case, uncropped.

    Parameters
    ----------
    array : Path
        From `list_cases`.
    index : int
        Position in the volume of one of the record's `slices`.

    Returns
    -------
    Slice
        Shape (height, width, channels), float32: z-scores, -5 outside the brain.

    Raises
    ------
    DatasetError
        The array is missing, damaged, or does not fit the record.
    """
    case = read_case(array)
    try:
        stored = np.load(array, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{array} cannot be read; remove its case and prepare it again.") from error
    rows, columns = stored.shape[1:3]
    if len(stored) != len(case.slices):
        raise DatasetError(f"{array} does not fit its record; remove both and prepare the case again.")
    pixels = np.full((case.height, case.width, len(case.channels)), -ZSCORE_LIMIT, np.float32)
    pixels[case.top : case.top + rows, case.left : case.left + columns] = stored[index - case.slices[0].index]
    return Slice(pixels, "nifti", case.spacing_mm, "MR", channels=case.channels)


def _write(file: Path, content: bytes) -> None:
    partial = file.with_name(f"{file.name}.partial")
    partial.write_bytes(content)
    partial.replace(file)
