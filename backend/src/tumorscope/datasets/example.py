"""One labelled slice of a data set, and how to read it."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tumorscope.domain.scan import Slice, Volume
from tumorscope.imaging.decode import decode_scan
from tumorscope.imaging.formats.nifti import decode_nifti
from tumorscope.imaging.slices import Plane, slice_volume

# Training pictures come from a trusted disk; this only stops an absurd header.
_MAX_PIXELS = 64_000_000


@dataclass(frozen=True, slots=True)
class RelativeBox:
    """A rectangle as fractions of the picture's width and height, by its centre."""

    x_center: float
    y_center: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled slice.

    Parameters
    ----------
    path : Path
        A picture, or a NIfTI volume.
    label : str
        A class name, or ``tumor`` for a tumour of unstated kind.
    patient_id : str
        Examples that share it must never be on both sides of a split.
    source : str
        The collection.
    box : RelativeBox, optional
        Where the tumour is.
    plane, index : optional
        Which slice of a volume; None for a picture.
    """

    path: Path
    label: str
    patient_id: str
    source: str
    box: RelativeBox | None = None
    plane: Plane | None = None
    index: int | None = None


def read_example(example: Example) -> Slice:
    """The example's slice.

    Parameters
    ----------
    example : Example
        A picture, or a slice of a volume.

    Returns
    -------
    Slice
        As serving would decode it.

    Raises
    ------
    InputError
        The file cannot be decoded.
    OSError
        The file cannot be read.
    """
    if example.plane is None or example.index is None:
        return decode_scan(example.path.read_bytes(), _MAX_PIXELS)
    return slice_volume(read_volume(example.path), example.plane, example.index)


@lru_cache(maxsize=2)
def read_volume(path: Path) -> Volume:
    """A NIfTI volume; the last two stay in memory, since the slices of one volume are read one after another."""
    return decode_nifti(path.read_bytes())
