"""Whatever a file states, reading it ends with finite values or with an error of the contract.

Headers are generated field by field, so that they get past the first checks; `test_damaged_files` damages bytes.
"""

import io
import zipfile
from typing import Any

import nibabel
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian

from tests.factories import make_dicom_dataset, make_nifti_bytes, make_nrrd_bytes, make_picture, write_dicom
from tumorscope.domain.errors import InputError
from tumorscope.domain.scan import Examination, Scan, Slice, Volume
from tumorscope.imaging.decode import decode_upload, looks_readable, sniff_upload
from tumorscope.imaging.formats.archive import unpack_zip
from tumorscope.imaging.formats.nifti import decode_nifti
from tumorscope.imaging.source import DecodeLimits, SourceFile

_LIMITS = DecodeLimits(pixels=10**6, expanded_bytes=2**24, files=20)
# The same files in every run.
_generated = settings(derandomize=True, max_examples=80, suppress_health_check=list(HealthCheck), deadline=None)

_NIFTI_FIELDS = [
    "datatype", "bitpix", "vox_offset", "scl_slope", "scl_inter", "xyzt_units", "qform_code", "sform_code",
    "intent_code", "quatern_b", "quatern_c", "qoffset_x", "slice_code", "dim_info", "cal_max",
]  # fmt: skip
_NRRD_FIELDS = [
    "type", "dimension", "sizes", "endian", "encoding", "space", "space directions", "space origin", "kinds", "units",
    "spacings", "line skip", "byte skip", "space units", "data file",
]  # fmt: skip
_NRRD_VALUES = [
    "float", "block", "int64", "gzip", "hex", "none (1,0,0) (0,1,0) (0,0,1)", "(1,0,0) (nan,1,0) (0,0,1)",
    "space space vector", "scanner-xyz", "left-posterior-superior-time", "LIST", "a%03d.raw 1 9 1",
]  # fmt: skip
_NUMBERED = [
    "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "SamplesPerPixel",
    "PlanarConfiguration", "NumberOfFrames", "PixelPaddingValue", "InstanceNumber", "EchoTime", "SliceThickness",
    "RescaleSlope", "RescaleIntercept", "SeriesNumber", "SliceLocation", "InversionTime", "DiffusionBValue",
]  # fmt: skip
_WORDED = [
    "Modality", "SOPClassUID", "PhotometricInterpretation", "ImageType", "SeriesDescription", "BodyPartExamined",
    "SeriesInstanceUID", "SOPInstanceUID", "PatientID", "SpecificCharacterSet", "ContentTime", "ScanningSequence",
]  # fmt: skip

_NUMBER = st.one_of(
    st.integers(-3, 40),
    st.sampled_from([0.0, -1.0, 1e-30, 1e30, float("inf"), float("nan"), 32_767, -32_768, 2**31 - 1]),
    st.floats(-300, 300),
)
_WORD = st.one_of(
    st.sampled_from(["", "MR", "CT", "MONOCHROME1", "RGB", "PALETTE COLOR", "MOSAIC", "\\", "0", "é"]),
    st.text(max_size=12),
)


def _read(files: list[SourceFile]) -> Scan | None:
    """The scan, whose values are finite; None for an error of the contract."""
    try:
        scan = decode_upload(sniff_upload(files), _LIMITS)
    except InputError:
        return None
    volumes = list(scan.sequences.values()) if isinstance(scan, Examination) else [scan]
    for one in volumes:
        values = one.pixels if isinstance(one, Slice) else one.voxels
        assert values.size
        assert np.isfinite(values).all()
        if isinstance(one, Volume):
            assert min(one.spacing_mm) > 0
            assert one.affine is None or np.isfinite(one.affine).all()
    return scan


def _set(header: Any, name: str, value: Any) -> None:
    """As far as the field can hold the value."""
    with np.errstate(all="ignore"):
        try:
            header[name] = value
        except (OverflowError, ValueError):
            return


@_generated
@given(
    version=st.sampled_from([nibabel.Nifti1Image, nibabel.Nifti2Image]),
    said=st.dictionaries(
        st.sampled_from(_NIFTI_FIELDS),
        _NUMBER,
        max_size=4,
    ),
    dim=st.one_of(st.none(), st.lists(_NUMBER, min_size=8, max_size=8)),
    pixdim=st.one_of(st.none(), st.lists(_NUMBER, min_size=8, max_size=8)),
    row=st.one_of(st.none(), st.lists(_NUMBER, min_size=4, max_size=4)),
)
def test_nifti_of_any_header(
    version: Any, said: dict[str, Any], dim: list[Any] | None, pixdim: list[Any] | None, row: list[Any] | None
) -> None:
    image = version(np.arange(24, dtype=np.int16).reshape(2, 3, 4), np.eye(4))
    data = bytearray(image.to_bytes())
    header = np.frombuffer(data, image.header.template_dtype, 1)[0:1]
    lists = {"dim": dim, "pixdim": pixdim, "srow_x": row}
    for name, value in [*said.items(), *((name, value) for name, value in lists.items() if value is not None)]:
        _set(header, name, value)
    _read([SourceFile("", bytes(data))])


@_generated
@given(
    arrays.arrays(
        st.sampled_from([np.uint8, np.int16, np.uint16, np.float32, np.float64, np.int32, np.int8]),
        arrays.array_shapes(min_dims=1, max_dims=4, max_side=5),
        elements=st.integers(0, 100),
    ),
    st.booleans(),
)
def test_values_of_nifti_come_back(voxels: NDArray[Any], compressed: bool) -> None:
    volume = decode_nifti(make_nifti_bytes(voxels, compressed=compressed), _LIMITS)
    first = voxels.reshape(*voxels.shape, *[1] * (3 - voxels.ndim)) if voxels.ndim < 3 else voxels
    first = first if first.ndim == 3 else first[:, :, 0] if first.shape[2] == 1 else first[..., 0]
    np.testing.assert_array_equal(volume.voxels, first)


@_generated
@given(
    st.dictionaries(
        st.sampled_from(_NRRD_FIELDS),
        st.one_of(
            st.lists(_NUMBER, max_size=5).map(lambda numbers: " ".join(map(str, numbers))),
            st.sampled_from(_NRRD_VALUES),
            st.text(max_size=20),
        ),
        max_size=4,
    )
)
def test_nrrd_of_any_header(said: dict[str, str]) -> None:
    head, content = make_nrrd_bytes(np.ones((4, 5, 6), np.int16)).split(b"\n\n", 1)
    fields = dict(line.split(": ", 1) for line in head.decode().splitlines()[1:])
    text = "NRRD0004\n" + "".join(f"{name}: {value}\n" for name, value in {**fields, **said}.items()) + "\n"
    _read([SourceFile("a.nhdr", text.encode("utf-8", "replace") + content)])


_ATTRIBUTES = st.dictionaries(
    st.sampled_from(_NUMBERED),
    _NUMBER,
    max_size=4,
)
_TEXTS = st.dictionaries(
    st.sampled_from(_WORDED),
    _WORD,
    max_size=3,
)
_LISTS = st.dictionaries(
    st.sampled_from(["PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient", "ImagerPixelSpacing"]),
    st.lists(_NUMBER, max_size=7),
    max_size=3,
)


def _write(number: int, syntax: str, said: dict[str, Any]) -> bytes | None:
    """A DICOM file, perhaps with attributes that its pixels contradict; None where pydicom cannot write one."""
    dataset = make_dicom_dataset(np.full((4, 6), number, np.uint16), syntax)
    try:
        for keyword, value in said.items():
            setattr(dataset, keyword, value)
        return write_dicom(dataset)
    except Exception:  # noqa: BLE001  (pydicom raises many)
        return None


@_generated
@given(
    st.lists(
        st.tuples(
            st.sampled_from([ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]),
            _ATTRIBUTES,
            _TEXTS,
            _LISTS,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_dicom_of_any_attributes(files: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]]) -> None:
    written = [
        _write(number, syntax, {**numbers, **texts, **lists})
        for number, (syntax, numbers, texts, lists) in enumerate(files)
    ]
    series = [SourceFile("", data) for data in written if data is not None]
    if series:
        _read(series)


@_generated
@given(
    arrays.arrays(
        st.sampled_from([np.uint8, np.uint16]),
        st.tuples(st.integers(1, 9), st.integers(1, 9)),
        elements=st.integers(0, 255),
    ),
    st.sampled_from(["PNG", "TIFF"]),
    st.integers(0, 400),
)
def test_values_of_pictures_come_back_or_are_cut_short(pixels: NDArray[Any], file_format: str, end: int) -> None:
    data = make_picture(pixels, file_format)
    whole = decode_upload(sniff_upload([SourceFile("", data)]), _LIMITS)
    assert isinstance(whole, Slice)
    np.testing.assert_array_equal(whole.pixels, pixels)
    _read([SourceFile("", data[:end])])


@_generated
@given(
    st.dictionaries(
        st.one_of(
            st.sampled_from(["a/b.dcm", "../c", ".hidden", "__MACOSX/x", "DICOMDIR", "t.txt", "/"]),
            st.text(min_size=1, max_size=8),
        ),
        st.tuples(
            st.binary(max_size=40),
            st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]),
        ),
        max_size=6,
    ),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=3),
)
def test_members_of_an_archive_are_those_that_were_packed(
    members: dict[str, tuple[bytes, int]], damage: list[tuple[int, int]]
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, (content, method) in members.items():
            archive.writestr(
                zipfile.ZipInfo(name.replace("\0", "0").encode("utf-8", "replace").decode()), content, method
            )
    data = bytearray(packed.getvalue())
    for place, value in damage:
        data[place % len(data)] = value
    try:
        files, others = unpack_zip(bytes(data), _LIMITS, looks_readable)
    except InputError:
        return
    assert len(files) <= _LIMITS.files
    assert all("/" not in file.name for file in files)
    if not damage:
        assert {*others, *(file.data for file in files)} <= {content for content, _ in members.values()}
    _read(files)
