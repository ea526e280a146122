"""Bytes in, Scan out: the first bytes tell the format, never a file name or a MIME type."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tumorscope.domain.errors import CorruptFile, MixedStudy, TooManySlices, UnknownSeries, UnsupportedFormat
from tumorscope.domain.scan import Scan, Slice, Volume
from tumorscope.imaging.formats.archive import ZIP_MAGIC, unpack_zip
from tumorscope.imaging.formats.compressed import is_gzip, read_begin
from tumorscope.imaging.formats.raster import decode_raster
from tumorscope.imaging.formats.signatures import (
    find_partner,
    looks_like_dicom,
    looks_like_mgh,
    looks_like_nifti,
    looks_like_nrrd,
    looks_like_pair_header,
    may_hold_frames,
)
from tumorscope.imaging.scan_warnings import add_other_files, warn_unlikely_size
from tumorscope.imaging.slices import SHOWN_BYTES, STACK_AXIS, count_square_pixels
from tumorscope.imaging.source import ANY_SERIES, DecodeLimits, Reserve, SeriesWish, SourceFile, allow_all

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
)

# The longer side of what shows a head: parts of it are imaged closely, and the neck with it.
_LEAST_MM, _MOST_MM = 60.0, 700.0
# The finest volumes of a head have 600. Each slice costs a run of the network, whatever its size.
_MAX_SLICES = 2000

ACCEPTED = "DICOM, NIfTI, NRRD, MGZ, Analyze, PNG, JPEG, BMP, TIFF, WebP, and a ZIP of one study of these"

# Where the first entry of a ZIP states its name.
_IN_OFFICE_ZIP = (b"[Content_Types].xml", b"mimetypeapplication/vnd.oasis")
# What else lies in folders of scans, by its place and first bytes.
_OTHERS = (
    (0, b"%PDF", "PDF"),
    (0, b"solid", "STL"),
    *((30, name, "Office document") for name in _IN_OFFICE_ZIP),
    (0, b"ObjectType", "MetaImage"),
    (0, b"\x89HDF", "HDF5"),
    (0, b"7z\xbc\xaf", "7z"),
    (0, b"Rar!", "RAR"),
    (257, b"ustar", "tar"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ", "xz"),
    (0, b"GIF8", "GIF"),
    (4, b"ftypavi", "AVIF"),
    (4, b"ftyphe", "HEIC"),
    (4, b"ftypmif", "HEIC"),
    (4, b"ftyp", "MP4"),
    (4, b"jP  ", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
)

_PACKED = ("gzip", "tar", "bzip2", "xz", "7z", "RAR")

# A picture that is no larger, and a JPEG of no more scans, decodes in a moment.
_PLAIN_BYTES = 8 * 2**20
_PLAIN_SCANS = 16
_START_OF_SCAN = b"\xff\xda"

Kind = Literal["dicom", "nifti", "image", "zip"]

# How a file that is left out is called. An upload is read as the first of these kinds that it holds.
_NAMES: dict[Kind, str] = {"dicom": "DICOM", "nifti": "volume", "image": "image", "zip": "ZIP"}


@dataclass(frozen=True, slots=True)
class Upload:
    """The files of one study and their kind, from `sniff_upload`; which series is read, and the kinds of others."""

    kind: Kind
    files: Sequence[SourceFile]
    wish: SeriesWish = ANY_SERIES
    left_out: tuple[str, ...] = ()

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


def sniff_upload(files: Sequence[SourceFile], series: str | None = None) -> Upload:
    """Recognise the files of one study by their first bytes, without decoding.

    Parameters
    ----------
    files : sequence of SourceFile
        At least one: an image, a DICOM instance or a series of them, a NIfTI volume or the volumes of a BraTS case, or
        a ZIP of these.
    series : str, optional
        UID of the DICOM series to read; of the volumes of a case, the name of the sequence.

    Returns
    -------
    Upload
        Its files are those of the first of these kinds that is there: DICOM, volumes, images. Others lie beside the
        scan, such as the thumbnail of a series: they are left out, and named.

    Raises
    ------
    CorruptFile
        Every file is empty.
    MixedStudy
        The files are several images, or an archive and others.
    UnsupportedFormat
        No file is of a supported format.
    """
    kinds = _find_kinds(files)
    known = {kind for kind in kinds if kind is not None}
    if not any(file.data for file in files):
        raise CorruptFile("The file is empty. Export it again.")
    if not known:
        name = name_other(next(file.data for file in files if file.data))
        unpack = " Unpack it first." if name.startswith(_PACKED) else ""
        raise UnsupportedFormat(f"The format ({name}) is not supported.{unpack} Supported are {ACCEPTED}.")
    read = next(kind for kind in _NAMES if kind in known)
    kept = [file for file, kind in zip(files, kinds, strict=True) if kind == read]
    if (read in ("image", "zip") and len(kept) > 1) or (read != "zip" and "zip" in known):
        raise MixedStudy("Several images, or an archive and other scans, are not one study; send them one by one.")
    left_out = tuple(
        _NAMES[kind] if kind else name_other(file.data) for file, kind in zip(files, kinds, strict=True) if kind != read
    )
    return Upload(read, kept, SeriesWish(series), left_out)


def decode_upload(upload: Upload, limits: DecodeLimits) -> Scan:
    """Decode the files of one study, from `sniff_upload`, within limits.

    Raises
    ------
    InputError
        A file cannot be read; the subclass says why.
    """
    scan = _warn_of_others(_decode(upload, limits), upload.left_out)
    if isinstance(scan, Slice):
        extent_mm = max(scan.height, scan.width) * max(scan.spacing_mm) if scan.spacing_mm else None
    else:
        volume = scan if isinstance(scan, Volume) else next(iter(scan.sequences.values()))
        if volume.voxels.shape[STACK_AXIS[volume.plane]] > _MAX_SLICES:
            raise TooManySlices(f"The volume has more than {_MAX_SLICES} slices. Send a single series.")
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
            scans, others = unpack_zip(files[0].data, limits, looks_readable)
            found = sniff_upload(scans, upload.wish.uid)
            scan = _decode(replace(found, wish=upload.wish), limits)
            kinds = [_NAMES["zip"] if looks_like_zip(begin) else name_other(begin) for begin in others]
            return _warn_of_others(scan, [*found.left_out, *kinds])
        case "dicom":
            # `formats.signatures` says why not above.
            from tumorscope.imaging.formats.dicom import decode_dicom  # noqa: PLC0415

            return decode_dicom(files, limits, upload.wish)
        case _ if upload.wish.uid is not None and (upload.kind == "image" or len(files) == 1):
            raise UnknownSeries("Only DICOM files and the volumes of a case are series. Ask for no series.")
        case "nifti":
            return _decode_volumes(files, limits, upload.wish)
        case "image":
            return decode_image(files[0].data, limits.pixels, limits.reserve)


def _decode_volumes(files: Sequence[SourceFile], limits: DecodeLimits, wish: SeriesWish) -> Scan:
    from tumorscope.imaging.formats.nifti import decode_nifti_scan  # noqa: PLC0415
    from tumorscope.imaging.formats.other_volumes import convert_to_nifti  # noqa: PLC0415
    from tumorscope.imaging.series.brats_case import decode_case  # noqa: PLC0415

    if not all(looks_like_nifti(file.data) for file in files):
        files = convert_to_nifti(files, limits)
    return decode_case(files, limits, wish) if len(files) > 1 else decode_nifti_scan(files[0].data, limits)


def _warn_of_others(scan: Scan, kinds: Sequence[str]) -> Scan:
    return replace(scan, warnings=add_other_files(scan.warnings, kinds)) if kinds else scan


def name_other(data: bytes) -> str:
    """The kind of a file that holds no scan."""
    if not data:
        return "empty"
    for place, magic, name in _OTHERS:
        if data[place : place + len(magic)] == magic:
            return name
    # A binary file has a free header of 80 bytes, a number of triangles, and 50 bytes for each.
    if len(data) == 84 + 50 * int.from_bytes(data[80:84], "little"):
        return "STL"
    begin = read_begin(data, 1024)
    if is_gzip(data):
        return f"gzip of {'DICOM' if looks_like_dicom(begin) else _sniff_raster(begin) or name_other(begin)}"
    return "text" if begin.isascii() and b"\0" not in begin else "unknown"


def _find_kinds(files: Sequence[SourceFile]) -> list[Kind | None]:
    """The kind of each file; the image of a pair is known by its header."""
    kinds = [_find_kind(file.data) for file in files]
    headers = [file for file, kind in zip(files, kinds, strict=True) if kind == "nifti"] if None in kinds else []
    for file in headers:
        image = find_partner(file, files) if looks_like_pair_header(file.data) else None
        if image is not None:
            kinds[next(index for index, one in enumerate(files) if one is image)] = "nifti"
    return kinds


def _find_kind(data: bytes) -> Kind | None:
    # First: the preamble of a DICOM file may begin like TIFF.
    if looks_like_dicom(data):
        return "dicom"
    if looks_like_zip(data):
        return "zip"
    if _sniff_raster(data) is not None:
        return "image"
    is_volume = looks_like_nifti(data) or looks_like_mgh(data) or looks_like_nrrd(data) or looks_like_pair_header(data)
    return "nifti" if is_volume else None


def looks_like_zip(data: bytes) -> bool:
    """Whether a file begins like a ZIP archive, and is no office document."""
    return data.startswith(ZIP_MAGIC) and not data.startswith(_IN_OFFICE_ZIP, 30)


def looks_readable(begin: bytes) -> bool:
    """Whether a file begins like one that `sniff_upload` accepts."""
    return _find_kind(begin) is not None


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
        raise CorruptFile("The file is empty. Export it again.")
    pillow_format = _sniff_raster(data)
    if pillow_format is None:
        raise UnsupportedFormat("The image format is not supported. Supported are PNG, JPEG, BMP, TIFF and WebP.")
    return decode_raster(data, pillow_format, max_pixels, reserve)


def _sniff_raster(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return next((name for magic, name in _MAGIC if data.startswith(magic)), None)
