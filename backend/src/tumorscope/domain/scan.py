"""A decoded scan: pixels and what is known of them, free of the container they came in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ScanWarning:
    """Something about the scan that its reader should know; `code` is stable, `message` is a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Slice:
    """One slice as its source stores it.

    Parameters
    ----------
    pixels : ndarray, shape (height, width) or (height, width, channels), uint8, uint16 or float32
        Intensities in the source's own units, larger is brighter; every value is finite. With channels, each is one
        sequence of a skull-stripped examination, as `preprocessing.brain.normalise_brain` gives it.
    source_format : str
        ``png``, ``jpeg``, ``bmp``, ``tiff``, ``webp``, ``nifti``.
    spacing_mm : (float, float), optional
        Distance between pixel centres along rows' and columns' axis (row, column); None where unknown.
    modality : str, optional
        DICOM modality (``MR``); None where the container does not say.
    warnings : tuple of ScanWarning
        What decoding had to decide.
    channels : tuple of str, optional
        The sequence of each channel (``flair``, ``t1``, ``t1ce``, ``t2``); None for a single grey slice.

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
    voxels : ndarray, shape (right, anterior, superior), float32
        Intensities, finite; each axis grows towards the patient's side it is named after (RAS+).
    spacing_mm : (float, float, float)
        Distance between voxel centres along the three axes.
    affine : ndarray, shape (4, 4), float64, optional
        From voxel indices to millimetres in the scanner's frame (RAS+); None where the container does not say.
    """

    voxels: NDArray[np.float32]
    spacing_mm: tuple[float, float, float]
    affine: NDArray[np.float64] | None = None
