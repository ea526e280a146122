"""A NIfTI file's bytes in, a Volume in canonical orientation out, and back; nibabel reads the header."""

import gzip
from io import BytesIO
from typing import Any

import nibabel
import numpy as np
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from tumorscope.domain.errors import (
    CorruptFile,
    ExpandsTooMuch,
    ImageTooLarge,
    NotAnAnatomicalImage,
    NotAnMrImage,
    UnsupportedFormat,
)
from tumorscope.domain.scan import Plane, ScanWarning, Volume, Voxels
from tumorscope.imaging.formats.compressed import read_begin, read_content
from tumorscope.imaging.formats.signatures import NIFTI_HEADER_BYTES, find_nifti_header_bytes
from tumorscope.imaging.scan_warnings import (
    CONSTANT,
    FIRST_VOLUME,
    IN_COLOUR,
    NO_ORIENTATION,
    NO_SPACING,
    NOT_FINITE,
    SHEARED,
    SLICES_ON_FOURTH_AXIS,
)
from tumorscope.imaging.slices import PLANES, ReorientedVoxels, is_sheared, name_plane, reorient_to_ras
from tumorscope.imaging.source import DecodeLimits
from tumorscope.imaging.wrap_errors import as_corrupt_file

# An axis this much coarser than the third is the slice axis.
_COARSER = 1.5
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
# NIfTI-1 stores sizes as signed 16-bit numbers.
_LONGEST_AXIS = 32_767
_SPACE_UNITS, _TIME_UNITS = 0x07, 0x38
# Metres and micrometres.
_UNIT_MM = {1: 1000.0, 3: 0.001}
_HEADER_BYTES_1 = 348
_NATIVE = (np.uint8, np.uint16, np.int16, np.float32)


def decode_nifti(data: bytes, limits: DecodeLimits) -> Volume:
    """Decode a NIfTI volume and reorient it to RAS+, whatever its values mean: a scan, or the labels of one.

    Parameters
    ----------
    data : bytes
        The whole file, compressed or not.
    limits : DecodeLimits
        Checked against the header before any memory is allocated.

    Returns
    -------
    Volume
        uint8, uint16, int16 and float32 as stored where the header states no scaling, else float32. Of several volumes
        the first. The third stored axis is the slice axis, or an axis that is 1.5 times coarser.

    Raises
    ------
    CorruptFile
        The header is invalid, or the file is damaged or too short for it.
    ImageTooLarge, ExpandsTooMuch
        The header states more than the limits.
    UnsupportedFormat
        The voxels are not numeric, or stored in another file.
    """
    return _decode(data, limits)[0]


def decode_nifti_scan(data: bytes, limits: DecodeLimits) -> Volume:
    """`decode_nifti`, of anatomical MR only.

    Raises
    ------
    NotAnMrImage, NotAnAnatomicalImage
        From `check_content`.
    """
    volume, header, stored = _decode(data, limits)
    check_content(header, stored, volume.voxels)
    return volume


def _decode(data: bytes, limits: DecodeLimits) -> tuple[Volume, Any, NDArray[Any]]:
    """The volume, its header and its values as stored."""
    begin = read_begin(data, NIFTI_HEADER_BYTES)
    size = find_nifti_header_bytes(begin)
    if size is None:
        raise CorruptFile("The file is not a NIfTI volume. Convert the series again.")
    with as_corrupt_file("The header of the volume is damaged. Convert the series again."):
        header = (nibabel.Nifti1Header if size == 348 else nibabel.Nifti2Header)(begin[:size], check=False)
        dtype, shape, offset = header.get_data_dtype(), find_shape(header), int(header["vox_offset"])
    # Some writers omit it in complete files.
    offset = offset or size + 4
    if offset < size or dtype.itemsize == 0 or offset > 2**24:
        raise CorruptFile("The header of the volume is damaged. Convert the series again.")
    _check_size(shape, dtype, limits)
    # Measured: besides the stored values, their copy in single precision and what it is compared with.
    limits.reserve(shape[0] * shape[1] * shape[2] * (dtype.itemsize + 9))
    stored = _read_voxels(data, offset, dtype, shape)
    voxels, notes = _make_grey(stored, header)
    if _count_volumes(header) > 1:
        notes = (FIRST_VOLUME if int(header["dim"][3]) == shape[2] else SLICES_ON_FOURTH_AXIS, *notes)
    affine, doubts = _find_affine(header)
    reoriented = reorient_to_ras(voxels, affine)
    plane = _find_plane(reoriented, affine, shape)
    normal = affine[:3, reoriented.axis_of.index(PLANES.index(plane))]
    volume = Volume(
        reoriented.voxels,
        reoriented.spacing_mm,
        reoriented.affine,
        plane=plane,
        stated_plane=name_plane(normal)[1],
        warnings=(*notes, *doubts),
    )
    return volume, header, stored


def encode_nifti(volume: Volume) -> bytes:
    """Write a volume as NIfTI-1 behind gzip.

    Returns
    -------
    bytes
        Little-endian int16 or uint16, RAS+. Whole numbers that fit are stored unchanged, others with `scl_slope` and
        `scl_inter` in 65,536 steps from minimum to maximum. `dim_info` states the slice axis. `sform_code` is 1
        (scanner), or 2 (aligned) where the source states no position.

    Raises
    ------
    ImageTooLarge
        An axis is longer than NIfTI-1 can store.
    """
    if max(volume.voxels.shape) > _LONGEST_AXIS:
        raise ImageTooLarge(f"An axis of the scan has more than {_LONGEST_AXIS} pixels, too many for NIfTI-1.")
    stored, slope, intercept = _make_16_bit(volume.voxels)
    affine = np.diag([*volume.spacing_mm, 1.0]) if volume.affine is None else volume.affine
    image = nibabel.Nifti1Image(stored, affine)
    image.header.set_xyzt_units("mm")
    image.header.set_dim_info(slice=PLANES.index(volume.plane))
    image.header.set_slope_inter(slope, intercept)
    image.set_sform(affine, 2 if volume.affine is None else 1)
    image.set_qform(affine, 0)
    image.header["vox_offset"] = _HEADER_BYTES_1 + 4
    buffer = BytesIO()
    # Without a time stamp, equal volumes give equal bytes.
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1, mtime=0) as stream:
        stream.write(image.header.binaryblock + bytes(4))
        for layer in np.moveaxis(stored, 2, 0):
            stream.write(layer.tobytes(order="F"))
    return buffer.getvalue()


def _make_16_bit(voxels: Voxels) -> tuple[NDArray[Any], float, float]:
    """The stored numbers, and the slope and intercept that give the voxels' values."""
    least, largest = voxels.min(), voxels.max()
    for kind in (np.int16, np.uint16):
        limits = np.iinfo(kind)
        fits = limits.min <= least and largest <= limits.max
        if fits and (voxels.dtype != np.float32 or (voxels == np.rint(voxels)).all()):
            return voxels.astype(f"<{np.dtype(kind).str[1:]}"), 1.0, 0.0
    # In double precision: the difference of two float32 may overflow.
    slope = float(np.float32((float(largest) - float(least)) / np.iinfo(np.uint16).max))
    if slope == 0:
        return np.zeros(voxels.shape, "<u2"), 1.0, float(least)
    steps = np.empty(voxels.shape, "<u2")
    for target, layer in zip(np.moveaxis(steps, 2, 0), np.moveaxis(voxels, 2, 0), strict=True):
        target[...] = np.clip(np.rint((layer.astype(np.float64) - float(least)) / slope), 0, 65535)
    return steps, slope, float(least)


def find_shape(header: Any) -> tuple[int, int, int]:  # noqa: ANN401  (nibabel ships no types)
    """Find the shape of one volume; volumes of one slice that are not said to follow in time are the slices of one.

    Raises
    ------
    HeaderDataError
        The header of nibabel states no shape.
    """
    axes = int(header["dim"][0])
    if not 1 <= axes <= 7:
        raise HeaderDataError("no number of axes")
    sizes = [int(size) for size in header["dim"][1 : axes + 1]]
    if min(sizes) < 1:
        raise HeaderDataError("an axis without voxels")
    first, second, third, fourth = (*sizes, 1, 1, 1)[:4]
    is_stack = third == 1 and np.prod(sizes) == first * second * fourth and not int(header["xyzt_units"]) & _TIME_UNITS
    return first, second, fourth if is_stack else third


def _count_volumes(header: Any) -> int:  # noqa: ANN401
    axes = int(header["dim"][0])
    return int(np.prod([float(size) for size in header["dim"][4 : axes + 1]]))


def _check_size(shape: tuple[int, int, int], dtype: np.dtype[Any], limits: DecodeLimits) -> None:
    if max(shape[0] * shape[1], shape[0] * shape[2], shape[1] * shape[2]) > limits.pixels:
        raise ImageTooLarge(
            f"A slice of the volume has more than {limits.pixels // 10**6} million pixels. "
            "Send it at its original resolution."
        )
    # The stored values and a float32 copy.
    if shape[0] * shape[1] * shape[2] * (dtype.itemsize + 4) > limits.expanded_bytes:
        raise ExpandsTooMuch(
            f"The volume needs more than {limits.expanded_bytes // 2**20} MiB. Send it at its original resolution."
        )


def _read_voxels(data: bytes, offset: int, dtype: np.dtype[Any], shape: tuple[int, int, int]) -> NDArray[Any]:
    """The stored values of the first volume, and no byte beyond."""
    count = shape[0] * shape[1] * shape[2]
    content = read_content(data, offset + count * dtype.itemsize)
    return np.frombuffer(content, dtype, count, offset).reshape(shape, order="F")


def _make_grey(stored: NDArray[Any], header: Any) -> tuple[Voxels, tuple[ScanWarning, ...]]:  # noqa: ANN401
    """The scaled, finite intensities."""
    notes: tuple[ScanWarning, ...] = ()
    if stored.dtype.names is not None:
        notes = (IN_COLOUR,)
        stored = np.stack([stored[name] for name in "RGB"], axis=-1).astype(np.float32) @ _LUMINANCE
    if stored.dtype.kind == "c":
        stored = np.abs(stored)
    if stored.dtype.kind not in "uif":
        raise UnsupportedFormat(
            "The voxels of the volume have an unsupported type. Save them as integers or floating-point numbers."
        )
    try:
        slope, intercept = header.get_slope_inter()
    except HeaderDataError:
        slope, intercept = None, None
    native = stored.astype(stored.dtype.newbyteorder("="), copy=False)
    is_scaled = slope is not None and (slope, intercept or 0.0) != (1.0, 0.0)
    if native.dtype not in _NATIVE or is_scaled:
        with np.errstate(over="ignore", invalid="ignore"):
            native = native.astype(np.float32)
            if is_scaled:
                native = native * np.float32(slope) + np.float32(intercept or 0.0)
    if native.dtype == np.float32 and not (finite := np.isfinite(native)).all():
        if not finite.any():
            raise CorruptFile("No voxel of the volume is a finite number. Convert the series again.")
        native = np.where(finite, native, native[finite].min())
        notes = (*notes, NOT_FINITE)
    if native.min() == native.max():
        notes = (*notes, CONSTANT)
    return native, notes


def _find_affine(header: Any) -> tuple[NDArray[np.float64], tuple[ScanWarning, ...]]:  # noqa: ANN401
    """From voxel indices to millimetres; missing parts are assumed, with a warning."""
    zooms = np.array(header["pixdim"][1:4], np.float64)
    doubts: tuple[ScanWarning, ...] = ()
    scale = _UNIT_MM.get(int(header["xyzt_units"]) & _SPACE_UNITS, 1.0)
    zooms *= scale
    if not (np.isfinite(zooms).all() and (zooms > 1e-3).all() and (zooms < 1e3).all()):
        zooms, doubts = np.ones(3), (NO_SPACING,)
    try:
        affine = np.array(header.get_best_affine(), np.float64)
        affine[:3] *= scale
        lengths = np.linalg.norm(affine[:3, :3], axis=0)
        is_stated = int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0
        is_sound = np.isfinite(affine).all() and (lengths > 1e-3).all() and (lengths < 1e3).all()
        # A matrix whose axes nearly coincide has no usable orientation.
        if is_stated and is_sound and abs(np.linalg.det(affine[:3, :3] / lengths)) > 0.05:
            return affine, (SHEARED,) if is_sheared(affine[:3, :3]) else ()
    except (HeaderDataError, ValueError, np.linalg.LinAlgError):
        pass
    return np.diag([*zooms, 1.0]), (*doubts, NO_ORIENTATION)


def _find_plane(reoriented: ReorientedVoxels, affine: NDArray[np.float64], shape: tuple[int, int, int]) -> Plane:
    """The plane of the stored slices."""
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    coarsest = int(np.argmax(lengths))
    stacked = coarsest if lengths[coarsest] > _COARSER * lengths[2] else 2
    if 1 in shape and shape[stacked] > 1:
        stacked = 2 - shape[::-1].index(1)
    return PLANES[reoriented.axis_of[stacked]]


# Of nifti1.h: correlation to p-value, label and atlas, matrices and vectors, colours.
_STATISTICS, _LABELS, _VECTORS = range(2, 25), (1002, 1003), (1004, 1005, 1006, 1007, 2003, 2004)
_SPM_MAP = b"SPM{"
_SAMPLES = 2_000_000
# MR noise makes neighbours differ: of pairs outside the background, up to 23 % are equal in real volumes.
_FEW_VALUES, _EQUAL_NEIGHBOURS = 8, 0.7
# Smallest to median magnitude outside the background; up to 0.07 in real skull-stripped volumes.
_THRESHOLDED = 0.5
# Air and soft tissue in Hounsfield units, and the least share of the voxels in each.
_AIR_HU, _SOFT_TISSUE_HU, _LEAST_HU = (-1100, -900), (-150, 150), 0.05
# Mean chroma of the coloured voxels, of their brightest channel.
_COLOURFUL = 0.1
_SEND = "Send the MR volume itself."


def check_content(header: Any, stored: NDArray[Any], voxels: Voxels) -> None:  # noqa: ANN401  (nibabel ships no types)
    """Refuse what is no anatomical MR volume.

    Parameters
    ----------
    header : nibabel.Nifti1Header or nibabel.Nifti2Header
        For its intent and description.
    stored : ndarray, shape (i, j, k)
        As stored; structured for colour.
    voxels : ndarray, shape (i, j, k)
        Grey and scaled.

    Raises
    ------
    NotAnAnatomicalImage
        Labels or a mask, a statistical map, vectors or colours.
    NotAnMrImage
        The values are Hounsfield units.
    """
    intent = int(header["intent_code"])
    if intent in _VECTORS or _is_colourful(stored) or _is_vector(header, voxels):
        raise NotAnAnatomicalImage(f"The volume holds colours or vectors, not grey intensities. {_SEND}")
    step = max(1, round((voxels.size / _SAMPLES) ** (1 / 3)))
    sample: NDArray[Any] = voxels[::step, ::step, ::step]
    values, counts = np.unique(sample, return_counts=True)
    if intent in _LABELS or _is_piecewise_constant(voxels, step, values, counts):
        raise NotAnAnatomicalImage(f"The volume holds labels or a mask, not an image. {_SEND}")
    if intent in _STATISTICS or bytes(header["descrip"]).startswith(_SPM_MAP) or _is_thresholded(values, counts):
        raise NotAnAnatomicalImage(f"The volume holds a statistical map, not an image. {_SEND}")
    shares = [
        counts[(values >= low) & (values <= high)].sum() / sample.size for low, high in (_AIR_HU, _SOFT_TISSUE_HU)
    ]
    if min(shares) >= _LEAST_HU:
        raise NotAnMrImage("The volume holds Hounsfield units: it is a CT. Send a brain MRI.")


def _is_colourful(stored: NDArray[Any]) -> bool:
    if stored.dtype.names is None:
        return False
    channels = np.stack([stored[name].ravel() for name in "RGB"]).astype(np.float32)
    brightest = channels.max(axis=0)
    return bool((brightest - channels.min(axis=0)).sum() > _COLOURFUL * brightest.sum())


def _is_vector(header: Any, voxels: Voxels) -> bool:  # noqa: ANN401
    """Whether the first of three volumes holds components of unit vectors, of both signs."""
    is_triple = header["dim"][0] > 3 and 3 in (header["dim"][4], header["dim"][5])
    return bool(is_triple and -1.001 <= voxels.min() < -0.5 and 0.5 < voxels.max() <= 1.001)


def _is_piecewise_constant(voxels: NDArray[Any], step: int, values: NDArray[Any], counts: NDArray[Any]) -> bool:
    """Whether there are few values, or most neighbours outside the background are equal."""
    if len(values) <= _FEW_VALUES and 1 < len(np.unique(voxels)) <= _FEW_VALUES:
        return True
    background = values[counts.argmax()]
    equal = []
    for axis in range(3):
        lines = np.moveaxis(voxels, axis, 0)[:, ::step, ::step]
        first, second = lines[:-1], lines[1:]
        inside = (first != background) | (second != background)
        equal.append(int(((first == second) & inside).sum()) / max(1, int(inside.sum())))
    # Not the largest: some volumes hold each slice twice.
    return len(values) > 1 and float(np.median(equal)) > _EQUAL_NEIGHBOURS


def _is_thresholded(values: NDArray[Any], counts: NDArray[Any]) -> bool:
    """Whether most is zero and no small value follows, as where a map shows what is significant."""
    zero = values == 0
    if counts[zero].sum() <= counts.sum() / 2 or zero.all():
        return False
    magnitudes = np.abs(values[~zero].astype(np.float64))
    order = np.argsort(magnitudes)
    reached = np.cumsum(counts[~zero][order])
    median = magnitudes[order][np.searchsorted(reached, reached[-1] / 2)]
    return bool(magnitudes.min() > _THRESHOLDED * median)
