"""A DICOM instance becomes a slice with intensities, orientation and warnings; other modalities are refused."""

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    EncapsulatedPDFStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from tests.factories import make_dicom_bytes, make_dicom_dataset, write_dicom
from tumorscope.domain.errors import (
    CorruptFile,
    ExpandsTooMuch,
    ImageTooLarge,
    InputError,
    NoPixelData,
    NotABrain,
    NotAnMrImage,
    UnsupportedFormat,
)
from tumorscope.domain.scan import Reorientation, Slice, Volume
from tumorscope.imaging.formats.dicom import decode_dicom
from tumorscope.imaging.formats.signatures import looks_like_dicom
from tumorscope.imaging.source import DecodeLimits, SourceFile

_LIMITS = DecodeLimits(10**6, 2**26, 100)
_PIXELS = np.random.default_rng(1).integers(0, 4000, (40, 50)).astype(np.uint16)


def _decode(data: bytes) -> Slice:
    scan = decode_dicom([SourceFile("", data)], _LIMITS)
    assert isinstance(scan, Slice)
    return scan


def _read(pixels: NDArray[Any] = _PIXELS, **attributes: object) -> Slice:
    return _decode(make_dicom_bytes(pixels, **attributes))  # type: ignore[arg-type]


def _codes(scan: Slice) -> list[str]:
    return [warning.code for warning in scan.warnings]


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_every_plain_transfer_syntax_gives_the_same_slice(syntax: str) -> None:
    data = make_dicom_bytes(_PIXELS, syntax)
    assert looks_like_dicom(data)
    scan = _decode(data)
    np.testing.assert_array_equal(scan.pixels, _PIXELS)
    assert scan.pixels.dtype == np.uint16
    assert (scan.source_format, scan.modality, scan.plane, scan.spacing_mm) == ("dicom", "MR", "axial", (1.0, 1.0))
    assert scan.warnings == ()


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_compressed_slices_are_the_same(syntax: str) -> None:
    dataset = make_dicom_dataset(_PIXELS)
    dataset.compress(syntax, _PIXELS)
    np.testing.assert_array_equal(_decode(write_dicom(dataset)).pixels, _PIXELS)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_slice_whose_compressed_stream_ends_early_is_damaged(syntax: str) -> None:
    dataset = make_dicom_dataset(_PIXELS)
    dataset.compress(syntax, _PIXELS)
    (whole,) = generate_frames(dataset.PixelData, number_of_frames=1)
    for share in (0.1, 0.5, 0.9):
        dataset.PixelData = encapsulate([whole[: int(share * len(whole))]])
        with pytest.raises(CorruptFile):
            _decode(write_dicom(dataset))


@pytest.mark.parametrize("implicit", [False, True])
def test_file_without_preamble_is_read(implicit: bool) -> None:
    data = make_dicom_bytes(_PIXELS, ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian)
    for bare in (data[132:], data[data.index(b"\x08\x00\x16\x00") :]):
        assert looks_like_dicom(bare)
        np.testing.assert_array_equal(_decode(bare).pixels, _PIXELS)


@pytest.mark.parametrize(
    "data", [b"", b"DICM", bytes(132), b"\x08\x00" + b"\xff" * 20, b"\x89PNG\r\n\x1a\n" + bytes(200)]
)
def test_other_content_is_no_dicom(data: bytes) -> None:
    assert not looks_like_dicom(data)


def test_rescaling_is_applied() -> None:
    scan = _read(RescaleSlope=2, RescaleIntercept=-100)
    assert scan.pixels.dtype == np.float32
    np.testing.assert_array_equal(scan.pixels, _PIXELS * 2.0 - 100)


def test_modality_lut_is_applied() -> None:
    table = Dataset()
    table.LUTDescriptor = [256, 0, 16]
    table.ModalityLUTType = "US"
    table.LUTData = (np.arange(256, dtype=np.uint16) * 3).tobytes()
    table["LUTData"].VR = "OW"
    pixels = (_PIXELS % 256).astype(np.uint8)
    np.testing.assert_array_equal(_read(pixels, ModalityLUTSequence=[table]).pixels, pixels * 3.0)


def test_window_of_the_file_changes_no_pixel() -> None:
    np.testing.assert_array_equal(_read(WindowCenter=100, WindowWidth=10).pixels, _PIXELS)


@pytest.mark.parametrize("said", [{"PhotometricInterpretation": "MONOCHROME1"}, {"PresentationLUTShape": "INVERSE"}])
def test_inverted_slices_are_inverted_back(said: dict[str, Any]) -> None:
    np.testing.assert_array_equal(_read(BitsStored=12, HighBit=11, **said).pixels, 4095 - _PIXELS)
    signed = _PIXELS.astype(np.int16) - 2000
    np.testing.assert_array_equal(_read(signed, **said).pixels, -1 - signed)


def test_signed_slices_are_read() -> None:
    signed = _PIXELS.astype(np.int16) - 2000
    scan = _read(signed)
    assert scan.pixels.dtype == np.float32
    np.testing.assert_array_equal(scan.pixels, signed)


@pytest.mark.parametrize("kind", [np.uint8, np.uint32])
def test_other_bit_depths_are_read(kind: type[np.generic]) -> None:
    pixels = (_PIXELS % 200).astype(kind)
    np.testing.assert_array_equal(_read(pixels).pixels, pixels)


def test_floating_point_pixels_are_read_and_made_finite() -> None:
    dataset = make_dicom_dataset(_PIXELS)
    del dataset.PixelData
    values = _PIXELS.astype(np.float32)
    values[0, 0] = np.nan
    dataset.BitsAllocated = 32
    dataset.FloatPixelData = values.tobytes()
    scan = _decode(write_dicom(dataset))
    assert scan.pixels[0, 0] == 0
    np.testing.assert_array_equal(scan.pixels[1:], values[1:])


def test_padding_is_as_dark_as_the_darkest() -> None:
    pixels = _PIXELS + 100
    pixels[:5] = 65535
    scan = _read(pixels, PixelPaddingValue=65535)
    assert (scan.pixels[:5] == pixels[5:].min()).all()
    np.testing.assert_array_equal(scan.pixels[5:], pixels[5:])


def test_colour_becomes_brightness_with_a_warning() -> None:
    dataset = make_dicom_dataset(np.zeros((8, 9), np.uint8), Rows=8, Columns=9)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
    colours = np.zeros((8, 9, 3), np.uint8)
    colours[..., 1] = 100
    dataset.PixelData = colours.tobytes()
    scan = _decode(write_dicom(dataset))
    np.testing.assert_allclose(scan.pixels, 58.7, atol=0.01)
    assert _codes(scan) == ["colour_picture"]


def test_rectangular_pixels_become_square() -> None:
    scan = _read(PixelSpacing=[2, 1])
    assert (scan.height, scan.width, scan.spacing_mm) == (80, 50, (1.0, 1.0))
    scan = _read(PixelSpacing=[1, 1.5])
    assert (scan.height, scan.width) == (40, 75)


@pytest.mark.parametrize("keyword", ["ImagerPixelSpacing", "NominalScannedPixelSpacing"])
def test_spacing_of_a_capture_stands_in_for_a_missing_one(keyword: str) -> None:
    said: dict[str, Any] = {keyword: [0.5, 0.5]}
    assert _read(PixelSpacing=None, **said).spacing_mm == (0.5, 0.5)
    assert _read(PixelSpacing=[1, 1], **said).spacing_mm == (1, 1)


@pytest.mark.parametrize("spacing", [None, [0, 0], [-1, 1], [1, 1000], [1]])
def test_senseless_spacing_is_unknown(spacing: list[float] | None) -> None:
    scan = _read(PixelSpacing=spacing)
    assert scan.spacing_mm is None
    assert scan.pixels.shape == _PIXELS.shape


@pytest.mark.parametrize(
    ("orientation", "plane", "reorientation"),
    [
        ([1, 0, 0, 0, 1, 0], "axial", Reorientation()),
        ([-1, 0, 0, 0, 1, 0], "axial", Reorientation(columns_reversed=True)),
        ([0, 1, 0, 1, 0, 0], "axial", Reorientation(transposed=True)),
        ([1, 0, 0, 0, 0, -1], "coronal", Reorientation()),
        ([0, 1, 0, 0, 0, -1], "sagittal", Reorientation()),
        ([0, -1, 0, 0, 0, -1], "sagittal", Reorientation(columns_reversed=True)),
        ([1, 0, 0, 0, 0.866, -0.5], "oblique", Reorientation()),
        (None, None, Reorientation()),
        ([0, 0, 0, 0, 0, 0], None, Reorientation()),
        ([1, 0, 0, 1, 0, 0], None, Reorientation()),
    ],
)
def test_slice_hangs_as_a_reader_expects(
    orientation: list[float] | None, plane: str | None, reorientation: Reorientation
) -> None:
    scan = _read(ImageOrientationPatient=orientation)
    assert (scan.plane, scan.reorientation) == (plane, reorientation)
    np.testing.assert_array_equal(scan.reorientation.undo(scan.pixels), _PIXELS)


def test_files_with_a_series_each_are_one_volume_by_their_series_number() -> None:
    files = [
        make_dicom_bytes(
            _PIXELS, SeriesInstanceUID=f"1.2.{z}", SeriesNumber=4, ImagePositionPatient=[0, 0, z], InstanceNumber=z
        )
        for z in range(3)
    ]
    files.append(make_dicom_bytes(_PIXELS, SeriesInstanceUID="1.2.9", SeriesNumber=5))
    volume = decode_dicom([SourceFile("", data) for data in files], _LIMITS)
    assert isinstance(volume, Volume)
    assert volume.voxels.shape[2] == 3


@pytest.mark.parametrize("modality", ["CT", "US", "CR", "DX", "PT", "NM", "SEG", "SR", "XA", "MG"])
def test_other_modalities_are_refused(modality: str) -> None:
    with pytest.raises(NotAnMrImage):
        _read(Modality=modality)


@pytest.mark.parametrize(
    "said",
    [
        {"BodyPartExamined": "KNEE"},
        {"BodyPartExamined": "HEART"},
        {"BodyPartExamined": "LSPINE", "ProtocolName": "t2_tse_sag"},
        {"ProtocolName": "C-SPINE routine"},
        {"ProtocolName": "abdomen_liver^dyn"},
        {"ProtocolName": "Knie links"},
        {"PatientSpeciesDescription": "Macaca mulatta"},
        {"QualityControlSubject": "YES"},
    ],
)
def test_what_is_stated_to_be_no_human_head_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(NotABrain):
        _read(**said)


@pytest.mark.parametrize(
    "said",
    [
        {"BodyPartExamined": "HEADNECK"},
        {"BodyPartExamined": "BRAIN", "ProtocolName": "BRAIN AND C SPINE"},
        {"ProtocolName": "fMRI hand foot task"},
        {"ProtocolName": "t1_mprage_ship"},
        {"ProtocolName": "Head and Neck"},
        {"PatientSpeciesDescription": "Homo sapiens", "QualityControlSubject": "NO"},
    ],
)
def test_part_that_may_be_the_head_is_read(said: dict[str, Any]) -> None:
    assert not {"other_body_part"} & set(_codes(_read(**said)))


def test_doubts_give_warnings() -> None:
    capture = SecondaryCaptureImageStorage
    assert _codes(_read(SOPClassUID=capture, Modality="OT")) == ["secondary_capture"]
    assert _codes(_read(SOPClassUID=capture, Modality=None)) == ["secondary_capture"]
    assert _codes(_read(SOPClassUID=capture)) == ["secondary_capture"]
    assert _codes(_read(BodyPartExamined="PHANTOM")) == ["other_body_part"]
    assert _codes(_read(BodyPartExamined="NECK", ProtocolName="Head^Routine")) == ["other_body_part"]
    assert _codes(_read(BodyPartExamined="BRAIN")) == []
    assert _codes(_read(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])) == ["localizer"]
    assert _codes(_read(SeriesDescription="3 Axis locator")) == ["localizer"]
    assert _codes(_read(SeriesDescription="3-pl loc")) == ["localizer"]
    assert _codes(_read(SeriesDescription="T1 map")) == ["derived_map"]
    assert _codes(_read(ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "ADC"])) == ["derived_map"]


@pytest.mark.parametrize("part", ["P", "REAL", "SUBTRACTION", "T2_STAR MAP"])
def test_image_that_is_no_magnitude_is_warned_of(part: str) -> None:
    assert _codes(_read(ImageType=["ORIGINAL", "PRIMARY", part])) == ["derived_map"]
    assert _codes(_read(ImageType=["ORIGINAL", "PRIMARY", "M"])) == []


def test_first_of_several_frames_is_read() -> None:
    scan = _read(np.stack([_PIXELS, _PIXELS + 1]), NumberOfFrames=2)
    np.testing.assert_array_equal(scan.pixels, _PIXELS)
    assert _codes(scan) == ["multiple_frames"]


def _without(*keywords: str) -> bytes:
    dataset = make_dicom_dataset(_PIXELS)
    for keyword in keywords:
        del dataset[keyword]
    return write_dicom(dataset)


def _cut(end: int) -> bytes:
    return make_dicom_bytes(_PIXELS)[:end]


def _compressed(damage: int) -> bytes:
    dataset = make_dicom_dataset(_PIXELS)
    dataset.compress(JPEG2000Lossless, _PIXELS)
    data = bytearray(write_dicom(dataset))
    data[-damage:] = bytes(damage)
    return bytes(data)


_PLAIN = make_dicom_bytes(_PIXELS)
_BOMB = make_dicom_bytes(np.zeros((9000, 9000), np.uint8), DeflatedExplicitVRLittleEndian)
_MANY_TAGS = _PLAIN[:132] + b"\x08\x00\x18\x00UI\x00\x00" * 3_000_000


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (_without("PixelData"), NoPixelData),
        (
            make_dicom_bytes(_PIXELS, SOPClassUID=EncapsulatedPDFStorage, Modality="OT").replace(
                b"\xe0\x7f\x10\x00", b"\xe1\x7f\x10\x00"
            ),
            NoPixelData,
        ),
        (_without("Rows"), CorruptFile),
        (_without("BitsAllocated"), CorruptFile),
        (_cut(140), CorruptFile),
        (_cut(-7), CorruptFile),
        (_cut(len(_PLAIN) // 2), CorruptFile),
        (make_dicom_bytes(_PIXELS, Rows=41), CorruptFile),
        (make_dicom_bytes(_PIXELS, Columns=0), CorruptFile),
        (make_dicom_bytes(_PIXELS, BitsAllocated=12), CorruptFile),
        (make_dicom_bytes(_PIXELS, SamplesPerPixel=7), CorruptFile),
        (make_dicom_bytes(_PIXELS, Rows=65535, Columns=65535), ImageTooLarge),
        (make_dicom_bytes(_PIXELS, NumberOfFrames=-3), CorruptFile),
        (make_dicom_bytes(_PIXELS, NumberOfFrames=10**9, PerFrameFunctionalGroupsSequence=[Dataset()]), CorruptFile),
        (_PLAIN.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.9.9.9\0"), UnsupportedFormat),
        (_compressed(3000), CorruptFile),
        (_BOMB, ExpandsTooMuch),
        (_MANY_TAGS, CorruptFile),
    ],
)
def test_damage_and_excess_get_their_error(data: bytes, error: type[InputError]) -> None:
    with pytest.raises(error):
        _decode(data)


def test_warnings_of_pydicom_are_not_passed_on(caplog: pytest.LogCaptureFixture) -> None:
    dataset = make_dicom_dataset(_PIXELS)
    dataset.PatientName = "Doe^Jane"
    data = write_dicom(dataset).replace(b"MR Image", b"MR Image")
    # A date that is none, and a length that is wrong.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.StudyDate = "no date"
        data = write_dicom(dataset)
    with warnings.catch_warnings(record=True) as caught, caplog.at_level(0):
        _decode(data)
    assert not caught
    assert not caplog.records
