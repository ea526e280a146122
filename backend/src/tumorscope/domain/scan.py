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
    pixels : ndarray, shape (height, width), uint8, uint16 or float32
        Intensities in the source's own units, larger is brighter; every value is finite.
    source_format : str
        ``png``, ``jpeg``, ``bmp``, ``tiff``, ``webp``, ``nifti``.
    spacing_mm : (float, float), optional
        Distance between pixel centres along rows' and columns' axis (row, column); None where unknown.
    modality : str, optional
        DICOM modality (``MR``); None where the container does not say.
    warnings : tuple of ScanWarning
        What decoding had to decide.

    Raises
    ------
    ValueError
        The pixels are not a non-empty 2-D array of one of the three types.
    """

    pixels: Pixels
    source_format: str
    spacing_mm: tuple[float, float] | None = None
    modality: str | None = None
    warnings: tuple[ScanWarning, ...] = ()

    def __post_init__(self) -> None:
        if self.pixels.ndim != 2 or self.pixels.size == 0:
            raise ValueError(f"a slice is a non-empty 2-D array, not of shape {self.pixels.shape}")
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
    """

    voxels: NDArray[np.float32]
    spacing_mm: tuple[float, float, float]
