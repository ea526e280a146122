"""The first bytes decide the format; other formats are refused with their own message."""

import zipfile
from io import BytesIO

import numpy as np
import pytest

from tests.factories import make_dicom_bytes, make_nifti_bytes, make_phantom_file, make_picture
from tumorscope.domain.errors import CorruptFile, MixedStudy, TooManySlices, UnsupportedFormat
from tumorscope.imaging.decode import Upload, decode_image, decode_upload, sniff_upload
from tumorscope.imaging.source import FROM_DISK, SourceFile

_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP")


@pytest.mark.parametrize("file_format", _FORMATS)
def test_content_decides_the_format(file_format: str) -> None:
    scan = decode_image(make_phantom_file(file_format), 10**6)
    assert (scan.source_format, scan.height, scan.width) == (file_format.lower(), 256, 256)


_GIF = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"
_OTHER = {
    "gif": _GIF,
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
    "text": b"Dear colleague",
    "zeros": bytes(500),
    "dicom": bytes(128) + b"DICM",
    "sound": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "one byte": b"\x89",
}


@pytest.mark.parametrize("name", _OTHER)
def test_other_content_is_unsupported(name: str) -> None:
    with pytest.raises(UnsupportedFormat, match="PNG, JPEG, BMP, TIFF and WebP"):
        decode_image(_OTHER[name], 10**6)


def test_empty_file_is_corrupt() -> None:
    with pytest.raises(CorruptFile, match="empty"):
        decode_image(b"", 10**6)


def test_bytes_after_the_image_are_ignored() -> None:
    assert decode_image(make_phantom_file() + b"%PDF", 10**6).source_format == "png"


@pytest.mark.parametrize("magic", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"II*\x00", b"MM\x00*"])
def test_magic_bytes_without_an_image_are_a_corrupt_file(magic: bytes) -> None:
    with pytest.raises(CorruptFile):
        decode_image(magic + b"nothing of the kind", 10**6)


@pytest.mark.parametrize(("spacing_mm", "codes"), [(0.1, ["unlikely_size"]), (1.0, []), (8.0, ["unlikely_size"])])
def test_size_that_no_head_has_is_warned_of(spacing_mm: float, codes: list[str]) -> None:
    pixels = np.random.default_rng(0).integers(0, 999, (256, 128, 3)).astype(np.uint16)
    affine = np.diag([spacing_mm, spacing_mm, 3 * spacing_mm, 1])
    for data in (make_dicom_bytes(pixels[..., 0], PixelSpacing=[spacing_mm] * 2), make_nifti_bytes(pixels, affine)):
        scan = decode_upload(sniff_upload([SourceFile("", data)]), FROM_DISK)
        assert [warning.code for warning in scan.warnings] == codes
        assert [warning.params["extent_mm"] for warning in scan.warnings] == [round(256 * spacing_mm)] * len(codes)


def _sniff(*files: bytes) -> Upload:
    return sniff_upload([SourceFile("", data) for data in files])


_PIXELS = np.zeros((8, 8), np.uint16)


@pytest.mark.parametrize(
    ("files", "kind", "may_be_volume"),
    [
        ([make_phantom_file()], "image", False),
        ([make_dicom_bytes(_PIXELS)], "dicom", False),
        ([make_dicom_bytes(_PIXELS)] * 2, "dicom", True),
        ([make_dicom_bytes(_PIXELS, NumberOfFrames=1)], "dicom", False),
        ([make_dicom_bytes(np.stack([_PIXELS] * 3), NumberOfFrames=3)], "dicom", True),
        ([make_dicom_bytes(_PIXELS)[:200]], "dicom", True),
        ([make_nifti_bytes(np.zeros((4, 4, 4), np.int16))], "nifti", True),
        ([b"PK\x03\x04 and so on"], "zip", True),
    ],
)
def test_upload_is_sniffed_without_being_decoded(files: list[bytes], kind: str, may_be_volume: bool) -> None:
    upload = _sniff(*files)
    assert (upload.kind, upload.may_be_volume) == (kind, may_be_volume)


@pytest.mark.parametrize(
    ("files", "error"),
    [
        ([b""], CorruptFile),
        ([b"", b""], CorruptFile),
        ([b"PK\x03\x04"] * 2, MixedStudy),
        ([b"Dear colleague"], UnsupportedFormat),
        ([make_phantom_file()] * 2, MixedStudy),
        ([b"PK\x03\x04", make_dicom_bytes(_PIXELS)], MixedStudy),
    ],
)
def test_upload_that_is_no_study_is_refused_at_once(files: list[bytes], error: type[Exception]) -> None:
    with pytest.raises(error):
        _sniff(*files)


@pytest.mark.parametrize("is_archive", [False, True])
def test_files_that_hold_no_scan_are_left_out_and_named(is_archive: bool) -> None:
    volume = make_nifti_bytes(np.random.default_rng(0).integers(0, 900, (9, 9, 9)).astype(np.int16))
    others = [b"%PDF-1.7", b"solid head", bytes(80) + b"\2\0\0\0" + bytes(100), b"Dear colleague", b"\xff\0"]
    files = {f"{index}": data for index, data in enumerate([*others, volume])} | {"6.txt": b"Dear", "7.pdf": b""}
    assert _find_left_out(files, is_archive=is_archive) == [{"count": 7, "kinds": "PDF,STL,empty,text,unknown"}]


@pytest.mark.parametrize("is_archive", [False, True])
def test_thumbnail_beside_a_series_is_left_out_and_named(is_archive: bool) -> None:
    series = {f"{z}.dcm": make_dicom_bytes(_PIXELS, ImagePositionPatient=[0, 0, z]) for z in range(3)}
    mask = make_nifti_bytes(np.zeros((9, 9, 9), np.int16))
    files = {"thumbnail.png": make_phantom_file(), "README.txt": b"Dear colleague", "mask.nii": mask, **series}
    assert _find_left_out(files, is_archive=is_archive) == [{"count": 3, "kinds": "image,text,volume"}]


@pytest.mark.parametrize("is_archive", [False, True])
def test_what_is_left_out_of_a_subject_is_one_warning(is_archive: bool) -> None:
    volume = make_nifti_bytes(np.random.default_rng(0).integers(0, 900, (9, 9, 9)).astype(np.int16))
    files = {"sub-01_T1w.nii": volume, "sub-01_bold.nii": volume, "sub-01_T1w.json": b"{}"}
    assert _find_left_out(files, is_archive=is_archive) == [{"count": 2, "kinds": "functional,text"}]


def _find_left_out(files: dict[str, bytes], *, is_archive: bool) -> list[object]:
    """Parameters of the warnings of other files."""
    parts = [SourceFile(name, data) for name, data in files.items()]
    if is_archive:
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        parts = [SourceFile("", packed.getvalue())]
    scan = decode_upload(sniff_upload(parts), FROM_DISK)
    return [warning.params for warning in scan.warnings if warning.code == "other_files_left_out"]


@pytest.mark.parametrize("slices", [2000, 2001])
def test_volume_of_too_many_slices_is_refused(slices: int) -> None:
    data = make_nifti_bytes(np.zeros((4, 4, slices), np.uint8))
    upload = sniff_upload([SourceFile("", data)])
    if slices <= 2000:
        assert decode_upload(upload, FROM_DISK)
    else:
        with pytest.raises(TooManySlices, match="2000"):
            decode_upload(upload, FROM_DISK)


def test_large_jpeg_is_decoded_at_reduced_size() -> None:
    data = make_picture(np.zeros((4100, 4100), np.uint8), "JPEG")
    reserved: list[int] = []
    scan = decode_image(data, 64_000_000, reserved.append)
    assert (scan.height, scan.width) == (1025, 1025)
    assert sum(reserved) < 10 * 4100 * 4100
