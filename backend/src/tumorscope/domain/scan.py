"""A decoded scan: pixels and what is known of them, free of the container they came in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]
Voxels = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.int16] | NDArray[np.float32]

Plane = Literal["sagittal", "coronal", "axial"]
StatedPlane = Literal["sagittal", "coronal", "axial", "oblique"]
SequenceName = Literal["flair", "t1", "t1ce", "t2"]

SEQUENCE_NAMES: dict[SequenceName, str] = {
    "flair": "FLAIR",
    "t1": "non-contrast T1",
    "t1ce": "contrast-enhanced T1",
    "t2": "T2",
}
"""As staff call them."""


@dataclass(frozen=True, slots=True)
class ScanWarning:
    """Something that the scan's reader should know: a stable code, a sentence for staff, and the values in it."""

    code: str
    message: str
    params: Mapping[str, str | int | float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Reorientation:
    """How a source's rows and columns were reoriented for display.

    Applied in this order: the axes are swapped, then rows and columns reversed.

    Parameters
    ----------
    transposed, rows_reversed, columns_reversed : bool
        Each of the three.
    """

    transposed: bool = False
    rows_reversed: bool = False
    columns_reversed: bool = False

    def apply(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """A view of pixels, shape (rows, columns, ...), turned."""
        turned = pixels.swapaxes(0, 1) if self.transposed else pixels
        turned = turned[::-1] if self.rows_reversed else turned
        return turned[:, ::-1] if self.columns_reversed else turned

    def undo(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """The inverse of `apply`."""
        back = pixels[::-1] if self.rows_reversed else pixels
        back = back[:, ::-1] if self.columns_reversed else back
        return back.swapaxes(0, 1) if self.transposed else back


@dataclass(frozen=True, slots=True)
class Series:
    """A DICOM series of an upload, or a volume of a case; what its files say may identify a patient.

    Parameters
    ----------
    uid : str
        Series Instance UID; of an object with several frames, its SOP Instance UID; of a volume of a case, the name of
        its sequence.
    description : str
        As the files state it, perhaps empty; of a volume of a case, the name of its file.
    sequence : {'flair', 't1', 't1ce', 't2'}, optional
        As for `Slice.sequence`.
    plane : {'sagittal', 'coronal', 'axial', 'oblique'}, optional
        None where the files do not say.
    slice_count : int
        Different positions.
    why_not : str, optional
        Why it was not read: ``not_requested``, a kind of image (``diffusion``, ``localizer``, …), ``covers_less``,
        ``sequence`` or ``fewer_slices``; None of the one that was.
    """

    uid: str
    description: str
    sequence: SequenceName | None
    plane: StatedPlane | None
    slice_count: int
    why_not: str | None


@dataclass(frozen=True, slots=True)
class OriginImage:
    """The DICOM image, or the frame of one, that a slice was read from.

    Parameters
    ----------
    sop_class_uid, sop_instance_uid, series_uid : str
        As its file states them.
    frame_number : int, optional
        From 1; None of an image with one frame.
    position_mm : (float, float, float), optional
        The centre of its first pixel, in DICOM's frame (LPS+); None where the file does not state it.
    """

    sop_class_uid: str
    sop_instance_uid: str
    series_uid: str
    frame_number: int | None
    position_mm: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class DicomOrigin:
    """The DICOM series that a scan was read from; it identifies a patient where its files do.

    Parameters
    ----------
    attributes : mapping of str to str
        Of the patient, the study and the series, by keyword.
    images : tuple of OriginImage
        In the order of the scan's slices.
    rows, columns : int
        Of each image as stored.
    spacing_mm : (float, float), optional
        Between rows and between columns; None where unknown.
    thickness_mm : float, optional
        Of a slice; None where unknown.
    right, down : (float, float, float), optional
        The directions of rising column and row numbers, in DICOM's frame (LPS+); None where unknown.
    """

    attributes: Mapping[str, str]
    images: tuple[OriginImage, ...]
    rows: int
    columns: int
    spacing_mm: tuple[float, float] | None
    thickness_mm: float | None
    right: tuple[float, float, float] | None
    down: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class Slice:
    """One slice as its source stores it.

    Parameters
    ----------
    pixels : ndarray, shape (height, width) or (height, width, channels), uint8, uint16 or float32
        Intensities in the source's own units, larger is brighter; every value is finite. With channels, each is one
        sequence of a skull-stripped examination, as `preprocessing.brain.normalise_brain` gives it.
    source_format : str
        ``png``, ``jpeg``, ``bmp``, ``tiff``, ``webp``, ``dicom``, ``nifti``.
    spacing_mm : (float, float), optional
        Distance between pixel centres along rows' and columns' axis (row, column); None where unknown.
    modality : str, optional
        DICOM modality (``MR``); None where the container does not say.
    warnings : tuple of ScanWarning
        What decoding had to decide.
    channels : tuple of str, optional
        The sequence of each channel (``flair``, ``t1``, ``t1ce``, ``t2``); None for a single grey slice.
    plane : {'sagittal', 'coronal', 'axial', 'oblique'}, optional
        Oblique where the slice's normal is more than 20 degrees off the nearest axis of the patient; None where the
        container does not say.
    reorientation : Reorientation
        What was done to the source's rows and columns to hang the slice as a reader would.
    stored_shape : (int, int), optional
        Rows and columns as the file stores them, where resampling to square pixels changed them.
    sequence : {'flair', 't1', 't1ce', 't2'}, optional
        None where the container does not say; ``t1`` is without contrast agent.
    series : tuple of Series
        All of a DICOM upload, the one that was read first; else empty.
    origin : DicomOrigin, optional
        None of other formats than DICOM, of tiles, and of files without UIDs.

    Raises
    ------
    ValueError
        The pixels are not a non-empty array of one of the three types, or its axes are not those that `channels` says.
    """

    pixels: Pixels
    source_format: str
    spacing_mm: tuple[float, float] | None = None
    modality: str | None = None
    warnings: tuple[ScanWarning, ...] = ()
    channels: tuple[str, ...] | None = None
    plane: StatedPlane | None = None
    reorientation: Reorientation = field(default_factory=Reorientation)
    stored_shape: tuple[int, int] | None = None
    sequence: SequenceName | None = None
    series: tuple[Series, ...] = ()
    origin: DicomOrigin | None = None

    def __post_init__(self) -> None:
        expected = () if self.channels is None else (len(self.channels),)
        if self.pixels.ndim < 2 or self.pixels.shape[2:] != expected or self.pixels.size == 0:
            kind = "2-D array" if self.channels is None else f"array of {len(self.channels)} channels"
            raise ValueError(f"a slice is a non-empty {kind}, not of shape {self.pixels.shape}")
        if self.pixels.dtype not in (np.uint8, np.uint16, np.float32):
            raise ValueError(f"a slice's pixels are uint8, uint16 or float32, not {self.pixels.dtype}")

    @property
    def height(self) -> int:
        """Rows, in pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns, in pixels."""
        return int(self.pixels.shape[1])


@dataclass(frozen=True, slots=True)
class Volume:
    """A stack of slices with its place in the patient.

    Parameters
    ----------
    voxels : ndarray, shape (right, anterior, superior), uint8, uint16, int16 or float32
        Intensities in the source's units, finite; each axis grows towards the patient's side it is named after (RAS+).
        Usually a view whose axes were exchanged and reversed.
    spacing_mm : (float, float, float)
        Distance between voxel centres along the three axes.
    affine : ndarray, shape (4, 4), float64, optional
        From voxel indices to millimetres in the scanner's frame (RAS+); None where the container does not say.
    source_format : str
        ``dicom`` or ``nifti``.
    plane : {'sagittal', 'coronal', 'axial'}
        In which the slices were acquired: the plane that the source stacks.
    stated_plane : {'sagittal', 'coronal', 'axial', 'oblique'}, optional
        As for `Slice.plane`; None where it is `plane`.
    modality : str, optional
        DICOM modality (``MR``); None where the container does not say.
    warnings : tuple of ScanWarning
        What decoding had to decide.
    sequence : {'flair', 't1', 't1ce', 't2'}, optional
        As for `Slice.sequence`.
    series : tuple of Series
        As for `Slice.series`.
    origin : DicomOrigin, optional
        As for `Slice.origin`; its images are those of the slices of `plane`.
    """

    voxels: Voxels
    spacing_mm: tuple[float, float, float]
    affine: NDArray[np.float64] | None = None
    source_format: str = "nifti"
    plane: Plane = "axial"
    stated_plane: StatedPlane | None = None
    modality: str | None = None
    warnings: tuple[ScanWarning, ...] = ()
    sequence: SequenceName | None = None
    series: tuple[Series, ...] = ()
    origin: DicomOrigin | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """Several sequences of one head, voxel for voxel in the same place: a BraTS case.

    Parameters
    ----------
    sequences : mapping of str to Volume
        By ``flair``, ``t1``, ``t1ce``, ``t2``; at least one, all of one shape and affine.
    warnings : tuple of ScanWarning
        Of the whole.
    series : tuple of Series
        All volumes of the upload by the names of their sequences, the one that is read first; empty where nothing is
        known of the upload.
    """

    sequences: Mapping[str, Volume]
    warnings: tuple[ScanWarning, ...] = ()
    series: tuple[Series, ...] = ()


Scan = Slice | Volume | Examination
"""What one request holds."""
