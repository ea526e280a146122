"""A DICOM data set in, the intensities of its frames out: the modality LUT applied, larger is brighter."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.pixels.utils import as_pixel_options
from pydicom.uid import UID, JPEGLSTransferSyntaxes

from tumorscope.domain.errors import (
    CorruptFile,
    ExpandsTooMuch,
    ImageTooLarge,
    NoPixelData,
    UnsupportedFormat,
)
from tumorscope.domain.scan import ScanWarning, Voxels
from tumorscope.imaging.formats.dicom_dataset import read_value
from tumorscope.imaging.scan_warnings import IN_COLOUR
from tumorscope.imaging.source import DecodeLimits
from tumorscope.imaging.wrap_errors import as_corrupt_file

_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
# A dictionary, for pydicom states another type for the option.
_NO_COPY: dict[str, Any] = {"view_only": True}
_END_OF_IMAGE = b"\xff\xd9"
# Rec. ITU-R BT.601, as Pillow makes grey of colour.
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True)
class DecodedFrames:
    """Frames, shape (frames, rows, columns), and warnings about them."""

    pixels: Voxels
    warnings: tuple[ScanWarning, ...]


def count_frames(dataset: Dataset) -> int:
    """The number of frames that the file states.

    Raises
    ------
    CorruptFile
        It is not a positive number.
    """
    try:
        frames = int(read_value(dataset, "NumberOfFrames") or 1)
    except (TypeError, ValueError) as error:
        raise CorruptFile("The DICOM file states no valid number of frames. Export it again.") from error
    if frames < 1:
        raise CorruptFile("The DICOM file states no valid number of frames. Export it again.")
    return frames


def check_size(dataset: Dataset, frames: int, limits: DecodeLimits) -> None:
    """Check the size of so many frames against the limits, before any memory is allocated.

    Raises
    ------
    NoPixelData
        The file holds no pixel data.
    CorruptFile
        It states no valid size of a frame.
    ImageTooLarge, ExpandsTooMuch
        A frame is too large, or all together are.
    """
    if not any(keyword in dataset for keyword in _PIXELS):
        raise NoPixelData(
            "The DICOM file holds no image, as reports and DICOMDIRs do not. Send the images of the series."
        )
    try:
        rows, columns = int(dataset.Rows), int(dataset.Columns)
        samples, bits = int(read_value(dataset, "SamplesPerPixel") or 1), int(dataset.BitsAllocated)
    except (AttributeError, TypeError, ValueError) as error:
        raise CorruptFile("The DICOM file states no valid image size. Export it again.") from error
    if min(rows, columns) < 1 or samples not in (1, 3) or bits not in (1, 8, 16, 32, 64):
        raise CorruptFile("The DICOM file states no valid image size. Export it again.")
    if rows * columns > limits.pixels:
        raise ImageTooLarge(
            f"A frame has {rows} x {columns} pixels; up to {limits.pixels // 10**6} million are read. "
            "Export the series at its original resolution."
        )
    # The stored values and a float32 copy.
    if frames * rows * columns * (samples * max(1, bits // 8) + 4) > limits.expanded_bytes:
        raise ExpandsTooMuch(f"The frames need more than {limits.expanded_bytes // 2**20} MiB. Send a single series.")


def check_is_whole(dataset: Dataset) -> None:
    """Check that an uncompressed grey image holds all pixels of a frame; `check_size` comes first.

    Raises
    ------
    CorruptFile
        It was cut short.
    """
    stored, syntax = read_value(dataset, "PixelData"), UID(dataset.file_meta.TransferSyntaxUID)
    is_plain = int(read_value(dataset, "SamplesPerPixel") or 1) == 1 and not (
        syntax.is_transfer_syntax and syntax.is_encapsulated
    )
    if is_plain and stored is not None and 8 * len(stored) < dataset.Rows * dataset.Columns * dataset.BitsAllocated:
        raise CorruptFile("The DICOM file is shorter than its header states. Copy or export it again.")


def bound_frame_bytes(dataset: Dataset) -> int:
    """Bound the memory that decoding takes for each frame; `check_size` comes first.

    Measured: two copies as stored, and by what the attributes ask for up to three of 8 bytes. The codecs of
    compressed frames hold 32 bits a sample.
    """
    samples, bits = int(read_value(dataset, "SamplesPerPixel") or 1), int(dataset.BitsAllocated)
    stored = samples * max(1, bits // 8)
    is_plain = samples == 1 and bits <= 16 and not _is_inverted(dataset)
    is_plain &= not any(
        read_value(dataset, keyword) for keyword in ("RedPaletteColorLookupTableData", "ModalityLUTSequence")
    )
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    codec = 12 * samples if syntax.is_transfer_syntax and syntax.is_compressed else 0
    return int(dataset.Rows) * int(dataset.Columns) * (2 * stored + codec + (8 if is_plain else 24))


def decode_frames(dataset: Dataset, indices: Sequence[int]) -> DecodedFrames:
    """Decode frames, by their indices, to grey; `check_size` comes first.

    Returns
    -------
    DecodedFrames
        In the stored type if it has 8 or 16 bits and the modality LUT is the identity, else float32; finite.

    Raises
    ------
    CorruptFile
        The pixel data is damaged or truncated.
    UnsupportedFormat
        The transfer syntax is unknown.
    """
    with (
        as_corrupt_file("The pixel data of the DICOM file is damaged. Export it again."),
        warnings.catch_warnings(action="ignore"),
    ):
        stored = _read_stored(dataset, indices)
        grey, notes = _make_grey(dataset, stored)
        scaled = _scale(dataset, _invert(dataset, _fill_padding(dataset, grey)), indices)
        return DecodedFrames(_narrow(scaled), notes)


def _read_stored(dataset: Dataset, indices: Sequence[int]) -> NDArray[Any]:
    """Shape (frames, rows, columns) or (frames, rows, columns, 3)."""
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        raise UnsupportedFormat(
            "The DICOM file is a video, or compressed in another way that is not read. Export it uncompressed."
        ) from error
    if syntax.is_compressed and syntax.is_encapsulated:
        image = {**as_pixel_options(dataset), "number_of_frames": 1}
        return np.stack(
            [
                decoder.as_array(encapsulate([codestream]), index=0, raw=False, **image)[0]
                for codestream in _split(dataset, indices)
            ]
        )
    if len(indices) == count_frames(dataset):
        every = decoder.as_array(dataset, raw=False, **_NO_COPY)[0]
        return every if len(indices) > 1 else every[None]
    return np.stack([decoder.as_array(dataset, index=index, raw=False)[0] for index in indices])


def _split(dataset: Dataset, indices: Sequence[int]) -> tuple[bytes, ...]:
    """The codestreams of the requested frames."""
    tables = (read_value(dataset, "ExtendedOffsetTable"), read_value(dataset, "ExtendedOffsetTableLengths"))
    codestreams = generate_frames(
        dataset.PixelData, number_of_frames=count_frames(dataset), extended_offsets=tables if all(tables) else None
    )
    found = dict(enumerate(islice(codestreams, max(indices) + 1)))
    if dataset.file_meta.TransferSyntaxUID in JPEGLSTransferSyntaxes:
        # CharLS reads beyond a stream without its end, and may never return.
        found = {index: stream[: stream.rindex(_END_OF_IMAGE) + 2] for index, stream in found.items()}
    return tuple(found[index] for index in indices)


def _make_grey(dataset: Dataset, stored: NDArray[Any]) -> tuple[NDArray[Any], tuple[ScanWarning, ...]]:
    """Convert colour to grey, shape (frames, rows, columns)."""
    if read_value(dataset, "PhotometricInterpretation") == "PALETTE COLOR" and stored.ndim == 3:
        stored = np.stack([apply_color_lut(frame, dataset) for frame in stored])
    if stored.ndim == 3:
        return stored, ()
    return stored[..., :3].astype(np.float32) @ _LUMINANCE, (IN_COLOUR,)


def _fill_padding(dataset: Dataset, grey: NDArray[Any]) -> NDArray[Any]:
    """Set padding pixels to the darkest value of the others (PS3.3, C.7.5.1.1.2)."""
    padding = read_value(dataset, "PixelPaddingValue")
    if padding is None or grey.dtype.kind == "f":
        return grey
    ends = sorted((int(padding), int(dataset.get("PixelPaddingRangeLimit", padding))))
    outside = (grey >= ends[0]) & (grey <= ends[1])
    if not outside.any() or outside.all():
        return grey
    darkest = grey[~outside].max() if _is_inverted(dataset) else grey[~outside].min()
    return np.where(outside, darkest, grey)


def _invert(dataset: Dataset, grey: NDArray[Any]) -> NDArray[Any]:
    """Make larger values brighter, using the stored range, so that all slices of a series are inverted alike."""
    if not _is_inverted(dataset):
        return grey
    if grey.dtype.kind == "f":
        return -grey
    # For unsigned values the sum of least and largest; for signed ones it is -1.
    is_signed = bool(dataset.get("PixelRepresentation", 0))
    mirror = -1 if is_signed else 2 ** int(read_value(dataset, "BitsStored") or 8 * grey.dtype.itemsize) - 1
    inverted = mirror - grey.astype(np.int64)
    return inverted.astype(grey.dtype) if inverted.min() >= np.iinfo(grey.dtype).min else inverted


def _is_inverted(dataset: Dataset) -> bool:
    return bool(
        read_value(dataset, "PhotometricInterpretation") == "MONOCHROME1"
        or read_value(dataset, "PresentationLUTShape") == "INVERSE"
    )


def _scale(dataset: Dataset, grey: NDArray[Any], indices: Sequence[int]) -> NDArray[Any]:
    """Apply the modality LUT, frame by frame where each has its own."""
    if read_value(dataset, "ModalityLUTSequence"):
        return apply_modality_lut(grey.astype(np.int64) if grey.dtype.kind == "f" else grey, dataset)
    rescales = [_find_rescale(dataset, index) for index in indices]
    if all(rescale == (1.0, 0.0) for rescale in rescales):
        return grey
    slopes, intercepts = np.array(rescales, np.float32).T[:, :, None, None]
    scaled: NDArray[np.float32] = grey * slopes + intercepts
    return scaled


def _find_rescale(dataset: Dataset, index: int) -> tuple[float, float]:
    """Slope and intercept of a frame, else of the whole file."""
    for group in find_functional_groups(dataset, index):
        for item in group.get("PixelValueTransformationSequence") or ():
            return float(item.get("RescaleSlope", 1)), float(item.get("RescaleIntercept", 0))
    slope, intercept = read_value(dataset, "RescaleSlope"), read_value(dataset, "RescaleIntercept")
    return float(1 if slope is None else slope), float(0 if intercept is None else intercept)


def find_functional_groups(dataset: Dataset, index: int) -> list[Dataset]:
    """The functional groups of a frame in an enhanced object: its own, then the shared one (PS3.3, C.7.6.16)."""
    own = read_value(dataset, "PerFrameFunctionalGroupsSequence") or ()
    return [*own[index : index + 1], *(read_value(dataset, "SharedFunctionalGroupsSequence") or ())]


def _narrow(pixels: NDArray[Any]) -> Voxels:
    """Convert to one of the four types of `Voxels`."""
    native = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    if native.dtype in (np.uint8, np.uint16, np.int16):
        return native
    if native.dtype == np.bool_:
        return native.astype(np.uint8)
    return np.nan_to_num(native.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
