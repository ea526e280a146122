"""One labelled slice of a data set, and how to read it."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tumorscope.datasets.brats_cache import read_prepared_slice
from tumorscope.domain.scan import Plane, Slice, Volume
from tumorscope.imaging.decode import decode_image
from tumorscope.imaging.formats.nifti import decode_nifti
from tumorscope.imaging.slices import slice_volume
from tumorscope.imaging.source import FROM_DISK
from tumorscope.preprocessing.spatial import Box


@dataclass(frozen=True, slots=True)
class ImageFileReference:
    """A picture file of one slice."""

    path: Path


@dataclass(frozen=True, slots=True)
class VolumeReference:
    """A slice of a NIfTI volume: `index` along the axis that `plane` stacks, in RAS+."""

    path: Path
    plane: Plane
    index: int


@dataclass(frozen=True, slots=True)
class PreparedReference:
    """An axial slice of a prepared BraTS case: the case's array, and the slice's position in the volume, in RAS+."""

    path: Path
    index: int


SliceReference = ImageFileReference | VolumeReference | PreparedReference


@dataclass(frozen=True, slots=True)
class RelativeBox:
    """A rectangle as fractions of the picture's width and height, by its centre."""

    x_center: float
    y_center: float
    width: float
    height: float


def relate_box(box: Box, height: int, width: int) -> RelativeBox:
    """A box in pixels as fractions of its slice."""
    return RelativeBox(
        (box.left + box.width / 2) / width, (box.top + box.height / 2) / height, box.width / width, box.height / height
    )


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled slice.

    Parameters
    ----------
    image : SliceReference
        Where its pixels are.
    label : str
        A class name, or ``tumor`` for a tumour of unstated kind.
    patient_id : str
        Examples that share it must never be on both sides of a split.
    source : str
        The collection.
    plane : {'sagittal', 'coronal', 'axial'}, optional
        None where the source does not say.
    sequence : str, optional
        ``t1``, ``t1ce``, ``t2``, ``flair``, several as ``flair+t1ce+t2``; None where the source does not say.
    box : RelativeBox, optional
        Where the tumour is.
    position : float, optional
        Of a slice of a volume: its place along the axis that `plane` stacks, in 0..1, from the left, from behind or
        from below. None for a picture.
    """

    image: SliceReference
    label: str
    patient_id: str
    source: str
    plane: Plane | None = None
    sequence: str | None = None
    box: RelativeBox | None = None
    position: float | None = None


def read_example(example: Example) -> Slice:
    """The example's slice.

    Parameters
    ----------
    example : Example
        A picture, a slice of a volume, or one of a prepared case.

    Returns
    -------
    Slice
        As serving would decode it.

    Raises
    ------
    InputError
        The file cannot be decoded.
    DatasetError
        The prepared case is damaged.
    OSError
        The file cannot be read.
    """
    match example.image:
        case ImageFileReference(path):
            return decode_image(path.read_bytes(), FROM_DISK.pixels)
        case VolumeReference(path, plane, index):
            return slice_volume(read_volume(path), plane, index)
        case PreparedReference(path, index):
            return read_prepared_slice(path, index)


@lru_cache(maxsize=2)
def read_volume(path: Path) -> Volume:
    """A NIfTI volume; the last two stay in memory, since the slices of one volume are read one after another."""
    return decode_nifti(path.read_bytes(), FROM_DISK)
