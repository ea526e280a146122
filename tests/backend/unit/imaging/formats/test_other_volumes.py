"""Volumes of FreeSurfer, of SPM and of other programs are read like NIfTI; other containers are refused by name."""

import gzip
import struct
from io import BytesIO
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories import make_dicom_bytes, make_nifti_bytes, make_phantom_file
from tumorscope.domain.errors import CorruptFile, ExpandsTooMuch, InputError, NoPixelData, UnsupportedFormat
from tumorscope.domain.scan import Volume
from tumorscope.imaging.decode import decode_upload, sniff_upload
from tumorscope.imaging.source import FROM_DISK, DecodeLimits, SourceFile

_VOXELS = np.random.default_rng(0).integers(0, 900, (9, 8, 7)).astype(np.int16)
_AFFINE = np.array([[-1, 0, 0, 40], [0, 0, 2, -30], [0, -1, 0, 20], [0, 0, 0, 1]], np.float64)


def _decode(*files: tuple[str, bytes], limits: DecodeLimits = FROM_DISK) -> Volume:
    scan = decode_upload(sniff_upload([SourceFile(*file) for file in files]), limits)
    assert isinstance(scan, Volume)
    return scan


def _make_mgh(voxels: NDArray[Any] = _VOXELS) -> bytes:
    data: bytes = nibabel.MGHImage(voxels, _AFFINE).to_bytes()
    return data


def _make_pair(kind: type[Any], voxels: NDArray[Any] = _VOXELS) -> tuple[bytes, bytes]:
    image = kind(voxels, _AFFINE if kind is nibabel.Nifti1Pair else np.diag([1.0, 2.0, 1.0, 1.0]))
    parts = {name: nibabel.FileHolder(fileobj=BytesIO()) for name in ("header", "image", "mat")}
    image.to_file_map(parts)
    return parts["header"].fileobj.getvalue(), parts["image"].fileobj.getvalue()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int32, np.float32])
def test_mgh_gives_the_volume_that_nifti_gives(kind: type[np.generic], packed: bool) -> None:
    data = _make_mgh((_VOXELS % 200).astype(kind))
    found = _decode(("T1.mgz", gzip.compress(data) if packed else data))
    expected = _decode(("T1.nii", make_nifti_bytes((_VOXELS % 200).astype(kind), _AFFINE)))
    np.testing.assert_array_equal(found.voxels, expected.voxels)
    assert found.spacing_mm == pytest.approx(expected.spacing_mm)
    assert found.affine == pytest.approx(expected.affine)
    assert found.warnings == expected.warnings


@pytest.mark.parametrize("packed", [False, True])
def test_pair_of_nifti_is_one_volume(packed: bool) -> None:
    pair = _make_pair(nibabel.Nifti1Pair)
    header, image = map(gzip.compress, pair) if packed else pair
    end = ".gz" if packed else ""
    found = _decode((f"a.img{end}", image), (f"a.hdr{end}", header))
    expected = _decode(("a.nii", make_nifti_bytes(_VOXELS, _AFFINE)))
    np.testing.assert_array_equal(found.voxels, expected.voxels)
    assert found.affine == pytest.approx(expected.affine)


@pytest.mark.parametrize("kind", [nibabel.AnalyzeImage, nibabel.Spm2AnalyzeImage])
def test_pair_of_analyze_has_an_assumed_orientation(kind: type[Any]) -> None:
    header, image = _make_pair(kind)
    found = _decode(("a.hdr", header), ("a.img", image))
    np.testing.assert_array_equal(found.voxels, _VOXELS)
    assert found.spacing_mm == (1.0, 2.0, 1.0)
    assert "no_orientation" in {warning.code for warning in found.warnings}


@pytest.mark.parametrize(("packed", "cut"), [("members", 0), ("one", 40)])
def test_mgz_of_several_gzip_members_is_whole_and_its_checksum_counts(packed: str, cut: int) -> None:
    data = _make_mgh()
    if packed == "members":
        found = _decode(("a.mgz", gzip.compress(data[:500]) + gzip.compress(data[500:])))
        np.testing.assert_array_equal(found.voxels, _decode(("a.mgh", data)).voxels)
    else:
        damaged = bytearray(gzip.compress(data, 0))
        damaged[-cut] ^= 1
        with pytest.raises(CorruptFile):
            _decode(("a.mgz", bytes(damaged)))


def test_pairs_of_a_case_are_its_sequences() -> None:
    header, image = _make_pair(nibabel.Nifti1Pair)
    files = [
        SourceFile(f"a_{name}", data)
        for end, data in ((".hdr", header), (".img", image))
        for name in (f"t1{end}", f"t2{end}")
    ]
    scan = decode_upload(sniff_upload(files), FROM_DISK)
    assert set(scan.sequences) == {"t1", "t2"}  # type: ignore[union-attr]


_HEADER, _IMAGE = _make_pair(nibabel.AnalyzeImage)
_HUGE = _HEADER[:40] + struct.pack("<4h", 3, 30_000, 30_000, 30_000) + _HEADER[48:]


@pytest.mark.parametrize(
    ("files", "error"),
    [
        ([("a.hdr", _HEADER)], NoPixelData),
        ([("a.hdr", _HEADER), ("a.img", _IMAGE[:-9])], CorruptFile),
        ([("a.hdr", _HUGE), ("a.img", _IMAGE)], ExpandsTooMuch),
        ([("a.mgh", _make_mgh()[:600])], CorruptFile),
        ([("a.mgz", gzip.compress(_make_mgh())[:600])], CorruptFile),
        ([("a.mgh", struct.pack(">7i", 1, 30_000, 30_000, 30_000, 1, 3, 0) + bytes(300))], ExpandsTooMuch),
    ],
)
def test_damage_and_excess_get_their_error(files: list[tuple[str, bytes]], error: type[InputError]) -> None:
    with pytest.raises(error):
        _decode(*files, limits=DecodeLimits(10**9, 2**26, 100))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"ObjectType = Image\nNDims = 3", "MetaImage"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(30), "7z"),
        (bytes(257) + b"ustar" + bytes(250), "tar"),
        (gzip.compress(bytes(257) + b"ustar" + bytes(250)), "gzip of tar"),
        (gzip.compress(make_dicom_bytes(_VOXELS[0])), "gzip of DICOM"),
        (gzip.compress(make_phantom_file("PNG")), "gzip of PNG"),
        (b"BZh9" + bytes(30), "bzip2"),
        (b"\xfd7zXZ\0" + bytes(30), "xz"),
        (b"\0\0\0\x18ftypheic" + bytes(30), "HEIC"),
        (b"\0\0\0\x18ftypmif1" + bytes(30), "HEIC"),
        (b"\0\0\0\x18ftypmp42" + bytes(30), "MP4"),
        (b"\0\0\0\x18ftypavif" + bytes(30), "AVIF"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(30), "JPEG 2000"),
        (b"GIF89a" + bytes(30), "GIF"),
        (b"%PDF-1.7", "PDF"),
        (b"Dear colleague", "text"),
    ],
    # Bytes of a gzip file name the second that it was made in: two workers would not find the same tests.
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_containers_are_refused_by_name(data: bytes, name: str) -> None:
    with pytest.raises(UnsupportedFormat, match=rf"\({name}\)"):
        sniff_upload([SourceFile("scan", data)])
