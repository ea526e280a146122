"""Bytes in, Scan out: the first bytes tell the format, never a file name or a MIME type."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tumorscope.domain.errors import CorruptFile, MixedStudy, TooManySlices, UnsupportedFormat
from tumorscope.domain.scan import Scan, Slice, Volume
from tumorscope.imaging.formats.archive import ZIP_MAGIC, unpack_zip
from tumorscope.imaging.formats.dicom import decode_dicom
from tumorscope.imaging.formats.dicom_dataset import DICOM_MAGIC, PREAMBLE, may_hold_frames
from tumorscope.imaging.formats.nifti import decode_nifti_scan, looks_like_nifti
from tumorscope.imaging.formats.raster import decode_raster
from tumorscope.imaging.scan_warnings import warn_unlikely_size
from tumorscope.imaging.series.brats_case import decode_case
from tumorscope.imaging.slices import SHOWN_BYTES, STACK_AXIS, count_square_pixels
from tumorscope.imaging.source import DecodeLimits, Reserve, SourceFile, allow_all

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
)

# A file without a preamble begins with group 2 or 8, and a plausible length or VR.
_FIRST_GROUPS = (b"\x02\x00", b"\x08\x00")

# The longer side of what shows a head: parts of it are imaged closely, and the neck with it.
_LEAST_MM, _MOST_MM = 60.0, 700.0
# The finest volumes of a head have 600. Each slice costs a turn of the network, whatever its size.
_MAX_SLICES = 2000

ACCEPTED = "images (PNG, JPEG, BMP, TIFF, WebP), DICOM, NIfTI, and ZIP archives of one study of these"

# A picture that is no larger, and a JPEG of no more scans, decodes in a moment.
_PLAIN_BYTES = 8 * 2**20
_PLAIN_SCANS = 16
_START_OF_SCAN = b"\xff\xda"

Kind = Literal["image", "dicom", "nifti", "zip"]


@dataclass(frozen=True, slots=True)
class Upload:
    """The files of one study and their kind, from `sniff_upload`."""

    kind: Kind
    files: Sequence[SourceFile]

    @property
    def may_be_volume(self) -> bool:
        """Whether the upload may hold more than one slice, by the number, kind and first bytes of its files."""
        if self.kind == "dicom" and len(self.files) == 1:
            return may_hold_frames(self.files[0].data)
        return self.kind != "image"

    @property
    def is_plain_picture(self) -> bool:
        """Whether it is a small PNG or JPEG, and not a JPEG that repeats its pixels in many scans."""
        data = self.files[0].data
        return (
            self.kind == "image"
            and len(data) <= _PLAIN_BYTES
            and (
                _sniff_raster(data) == "PNG"
                or (_sniff_raster(data) == "JPEG" and data.count(_START_OF_SCAN) <= _PLAIN_SCANS)
            )
        )

    def hash(self) -> str:
        """The SHA-256 of one file; of several, of their sorted hashes, one a line: their order does not matter."""
        hashes = sorted(hashlib.sha256(file.data).hexdigest() for file in self.files)
        return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def sniff_upload(files: Sequence[SourceFile]) -> Upload:
    """Recognise the files of one study by their first bytes, without decoding.

    Parameters
    ----------
    files : sequence of SourceFile
        At least one: an image, a DICOM instance or a series of them, a NIfTI volume or the volumes of a BraTS case, or
        a ZIP of these.

    Raises
    ------
    CorruptFile
        A file is empty.
    MixedStudy
        The files are of several kinds, or several images.
    UnsupportedFormat
        The format is not supported.
    """
    for file in files:
        if not file.data:
            raise CorruptFile("The file is empty." if len(files) == 1 else "One of the files is empty.")
    if len(files) == 1 and looks_like_zip(files[0].data):
        return Upload("zip", files)
    kinds = {_find_kind(file.data) for file in files}
    if len(kinds) > 1:
        raise MixedStudy("The files are of several kinds; send the files of one study.")
    kind = kinds.pop()
    if kind is None:
        raise UnsupportedFormat(f"The format is not supported. Supported are {ACCEPTED}.")
    if kind == "image" and len(files) > 1:
        raise MixedStudy("Several images are not one study; send them one by one.")
    return Upload(kind, files)


def decode_upload(upload: Upload, limits: DecodeLimits) -> Scan:
    """Decode the files of one study, from `sniff_upload`, within limits.

    Raises
    ------
    InputError
        A file cannot be read; the subclass says why.
    """
    scan = _decode(upload, limits)
    if isinstance(scan, Slice):
        extent_mm = max(scan.height, scan.width) * max(scan.spacing_mm) if scan.spacing_mm else None
    else:
        volume = scan if isinstance(scan, Volume) else next(iter(scan.sequences.values()))
        if volume.voxels.shape[STACK_AXIS[volume.plane]] > _MAX_SLICES:
            raise TooManySlices(f"The volume has more than {_MAX_SLICES} slices.")
        rows, columns = (axis for axis in range(3) if axis != STACK_AXIS[volume.plane])
        shape, spacing = volume.voxels.shape, volume.spacing_mm
        size = count_square_pixels(shape[rows], shape[columns], (spacing[rows], spacing[columns]))
        limits.reserve(SHOWN_BYTES * size)
        extent_mm = max(shape[axis] * spacing[axis] for axis in (rows, columns))
    if extent_mm is None or _LEAST_MM <= extent_mm <= _MOST_MM:
        return scan
    return replace(scan, warnings=(*scan.warnings, warn_unlikely_size(extent_mm)))


def _decode(upload: Upload, limits: DecodeLimits) -> Scan:
    files = upload.files
    match upload.kind:
        case "zip":
            unpacked = sniff_upload(_choose_scans(unpack_zip(files[0].data, limits)))
            return _decode(unpacked, limits)
        case "dicom":
            return decode_dicom(files, limits)
        case "nifti":
            return decode_case(files, limits) if len(files) > 1 else decode_nifti_scan(files[0].data, limits)
        case "image":
            return decode_image(files[0].data, limits.pixels, limits.reserve)


def _choose_scans(files: list[SourceFile]) -> list[SourceFile]:
    """The DICOM files of an archive, else its NIfTI volumes, else all: archives of scans hold other images, too."""
    for looks_right in (looks_like_dicom, looks_like_nifti):
        if chosen := [file for file in files if looks_right(file.data)]:
            return chosen
    return files


def _find_kind(data: bytes) -> Kind | None:
    # First: the preamble of a DICOM file may begin like TIFF.
    if looks_like_dicom(data):
        return "dicom"
    if _sniff_raster(data) is not None:
        return "image"
    return "nifti" if looks_like_nifti(data) else None


def looks_like_zip(data: bytes) -> bool:
    """Whether a file begins like a ZIP archive."""
    return data.startswith(ZIP_MAGIC)


def looks_like_dicom(data: bytes) -> bool:
    """Whether a file begins like DICOM, with or without a preamble (DICOM PS3.10, section 7.1)."""
    if data[PREAMBLE : PREAMBLE + len(DICOM_MAGIC)] == DICOM_MAGIC:
        return True
    if data[:2] not in _FIRST_GROUPS or len(data) < 16:
        return False
    # The first element's number is low; then comes a VR in capitals, or a small implicit length.
    number = int.from_bytes(data[2:4], "little")
    is_explicit = data[4:6].isalpha() and data[4:6].isupper()
    return number <= 0x18 and (is_explicit or int.from_bytes(data[4:8], "little") <= 256)


def looks_readable(begin: bytes) -> bool:
    """Whether a file begins like one that `sniff_upload` accepts."""
    return looks_like_zip(begin) or _find_kind(begin) is not None


def decode_image(data: bytes, max_pixels: int, reserve: Reserve = allow_all) -> Slice:
    """Decode the first page or frame of one image file.

    Raises
    ------
    CorruptFile
        The file is empty, truncated or damaged.
    UnsupportedFormat
        The format is not supported.
    ImageTooLarge
        The header states more than `max_pixels` pixels (width x height).
    """
    if not data:
        raise CorruptFile("The file is empty.")
    pillow_format = _sniff_raster(data)
    if pillow_format is None:
        raise UnsupportedFormat("The image format is not supported. Supported are PNG, JPEG, BMP, TIFF and WebP.")
    return decode_raster(data, pillow_format, max_pixels, reserve)


def _sniff_raster(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return next((name for magic, name in _MAGIC if data.startswith(magic)), None)
