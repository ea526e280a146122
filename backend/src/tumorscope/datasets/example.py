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


@dataclass(frozen=True, slots=True)
class ImageFileReference:
    """An image file of one slice."""

    path: Path


@dataclass(frozen=True, slots=True)
class VolumeReference:
    """A slice of a NIfTI volume: `index` along the slice axis of `plane`, in RAS+."""

    path: Path
    plane: Plane
    index: int


@dataclass(frozen=True, slots=True)
class PreparedReference:
    """An axial slice of a prepared BraTS case: the case's array, and the slice's index in the volume, in RAS+."""

    path: Path
    index: int


SliceReference = ImageFileReference | VolumeReference | PreparedReference


@dataclass(frozen=True, slots=True)
class RelativeBox:
    """A rectangle by its centre, in fractions of the image's width and height."""

    x_center: float
    y_center: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled slice.

    Parameters
    ----------
    image : SliceReference
        Of its pixels.
    label : str
        A class name, or ``tumor`` for a tumour of unstated kind.
    patient_id : str
        Examples that share it must stay on one side of a split.
    source : str
        The collection.
    plane : {'sagittal', 'coronal', 'axial'}, optional
        None if the source does not state it.
    sequence : str, optional
        ``t1``, ``t1ce``, ``t2``, ``flair``, several as ``flair+t1ce+t2``; None if the source does not state it.
    box : RelativeBox, optional
        Where the tumour is.
    position : float, optional
        Of a slice of a volume: its position along the slice axis, in 0..1 from left, posterior or inferior. None for an
        image file.
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
    """Read the example's slice as decoded for serving.

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
    """A NIfTI volume; the last two stay cached, because the slices of a volume are read in succession."""
    return decode_nifti(path.read_bytes(), FROM_DISK)
