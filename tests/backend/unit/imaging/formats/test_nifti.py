"""A NIfTI volume is reoriented to RAS+; its defects give warnings or errors."""

import gzip
import struct
from typing import Any

import nibabel
import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from tests.factories import make_nifti_bytes
from tumorscope.domain.errors import CorruptFile, ExpandsTooMuch, ImageTooLarge, InputError, UnsupportedFormat
from tumorscope.domain.scan import Plane, Volume
from tumorscope.imaging.formats.nifti import decode_nifti, encode_nifti
from tumorscope.imaging.formats.signatures import looks_like_nifti
from tumorscope.imaging.source import FROM_DISK, DecodeLimits

_RAMP = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
_LIMITS = DecodeLimits(10**6, 2**26, 10)


def _decode(data: bytes, limits: DecodeLimits = _LIMITS) -> Volume:
    return decode_nifti(data, limits)


def _codes(volume: Volume) -> list[str]:
    return [warning.code for warning in volume.warnings]


def _patch(data: bytes, offset: int, layout: str, *values: float) -> bytes:
    patched = bytearray(data)
    struct.pack_into(layout, patched, offset, *values)
    return bytes(patched)


@pytest.mark.parametrize("compressed", [False, True])
def test_volume_comes_back(compressed: bool) -> None:
    data = make_nifti_bytes(_RAMP, np.diag([1.0, 2.0, 3.0, 1.0]), compressed=compressed)
    assert looks_like_nifti(data)
    volume = _decode(data)
    np.testing.assert_array_equal(volume.voxels, _RAMP)
    assert volume.spacing_mm == (1.0, 2.0, 3.0)
    assert (volume.source_format, volume.modality, volume.warnings) == ("nifti", None, ())


def test_axes_are_reoriented_to_ras() -> None:
    # Stored axes run left, inferior, anterior.
    affine = np.array([[-1.0, 0, 0, 7], [0, 0, 3, 8], [0, -2, 0, 9], [0, 0, 0, 1]])
    volume = _decode(make_nifti_bytes(_RAMP, affine))
    assert volume.spacing_mm == (1.0, 3.0, 2.0)
    np.testing.assert_array_equal(volume.voxels, _RAMP[::-1, ::-1, :].transpose(0, 2, 1))
    # The voxel stored at (1, 2, 0) stands at (0, 0, 0) now, and is where it was.
    assert volume.affine is not None
    np.testing.assert_allclose(volume.affine[:, 3], affine @ [1, 2, 0, 1])


@pytest.mark.parametrize("kind", ["NIfTI-2", "big endian", "detached header"])
def test_other_kinds_of_header(kind: str) -> None:
    if kind == "NIfTI-2":
        data = nibabel.Nifti2Image(_RAMP, np.eye(4)).to_bytes()
    elif kind == "big endian":
        header = nibabel.Nifti1Header(endianness=">")
        data = nibabel.Nifti1Image(_RAMP, np.eye(4), header).to_bytes()
    else:
        data = _patch(make_nifti_bytes(_RAMP), 344, "4s", b"ni1\0")  # type: ignore[arg-type]
        assert not looks_like_nifti(data)
        return
    assert looks_like_nifti(data)
    np.testing.assert_array_equal(_decode(data).voxels, _RAMP)


@pytest.mark.parametrize(
    ("stored", "kept"),
    [
        (np.uint8, np.uint8),
        (np.int16, np.int16),
        (np.uint16, np.uint16),
        (np.float32, np.float32),
        (np.int8, np.float32),
        (np.int32, np.float32),
        (np.uint32, np.float32),
        (np.int64, np.float32),
        (np.float64, np.float32),
        (np.complex64, np.float32),
    ],
)
def test_every_numeric_type_is_read(stored: type[np.generic], kept: type[np.generic]) -> None:
    data = nibabel.Nifti1Image(_RAMP.astype(stored), np.eye(4), dtype=stored).to_bytes()
    volume = _decode(data)
    assert volume.voxels.dtype == kept
    np.testing.assert_array_equal(volume.voxels, _RAMP)


def test_coloured_voxels_become_their_brightness() -> None:
    voxels = np.zeros((2, 2, 2), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    voxels["G"] = 100
    voxels[0, 0, 0]["R"] = 100
    volume = _decode(nibabel.Nifti1Image(voxels, np.eye(4)).to_bytes())
    assert _codes(volume) == ["colour_picture"]
    assert volume.voxels[0, 0, 0] == pytest.approx(88.6, abs=0.01)


def test_scaling_is_applied() -> None:
    data = make_nifti_bytes(_RAMP.astype(np.int16))
    scaled = _decode(_patch(data, 112, "<2f", 2.0, -3.0)).voxels
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled, _RAMP * 2 - 3)
    # A slope of zero means that there is none.
    np.testing.assert_array_equal(_decode(_patch(data, 112, "<2f", 0.0, 5.0)).voxels, _RAMP)


@pytest.mark.parametrize(("unit", "factor"), [(0, 1), (2, 1), (1, 1000), (3, 0.001)])
def test_units_are_converted_to_millimetres(unit: int, factor: float) -> None:
    affine = np.diag([2 / factor, 2 / factor, 3 / factor, 1])
    affine[:3, 3] = 7 / factor
    volume = _decode(_patch(make_nifti_bytes(_RAMP, affine), 123, "<B", unit))
    assert volume.spacing_mm == pytest.approx((2, 2, 3))
    assert volume.affine is not None
    np.testing.assert_allclose(volume.affine[:3, 3], 7, rtol=1e-6)
    assert volume.warnings == ()


def test_volumes_of_one_slice_are_the_slices_of_one() -> None:
    data = make_nifti_bytes(_RAMP[:, :, None], np.diag([1.0, 2.0, 3.0, 1.0]))
    volume = _decode(data)
    np.testing.assert_array_equal(volume.voxels, _RAMP)
    assert (volume.spacing_mm, _codes(volume)) == ((1.0, 2.0, 3.0), ["slices_on_fourth_axis"])


def test_one_slice_at_several_times_stays_one_slice() -> None:
    # In seconds.
    volume = _decode(_patch(make_nifti_bytes(_RAMP[:, :, None]), 123, "<B", 2 + 8))
    np.testing.assert_array_equal(volume.voxels, _RAMP[:, :, :1])
    assert _codes(volume) == ["first_volume"]


@pytest.mark.parametrize(("shear", "codes"), [(0.02, []), (0.2, ["sheared"])])
def test_shear_is_warned_of(shear: float, codes: list[str]) -> None:
    affine = np.eye(4)
    affine[1, 2] = shear
    assert _codes(_decode(make_nifti_bytes(_RAMP, affine))) == codes


def test_first_of_several_volumes_is_read() -> None:
    several = np.stack([_RAMP, _RAMP + 1000], axis=3)
    volume = _decode(make_nifti_bytes(several))
    np.testing.assert_array_equal(volume.voxels, _RAMP)
    assert _codes(volume) == ["first_volume"]
    assert _decode(make_nifti_bytes(_RAMP[:, :, :, None])).warnings == ()


def test_voxels_that_are_no_numbers_are_dark() -> None:
    voxels = _RAMP + 5
    voxels[0, 0, 1], voxels[0, 0, 2], voxels[0, 0, 3] = np.nan, np.inf, -np.inf
    volume = _decode(make_nifti_bytes(voxels))
    assert _codes(volume) == ["not_finite"]
    np.testing.assert_array_equal(volume.voxels[0, 0], [5, 5, 5, 5])
    with pytest.raises(CorruptFile, match="number"):
        _decode(make_nifti_bytes(np.full_like(_RAMP, np.nan)))


def test_constant_volume_is_read_with_a_warning() -> None:
    assert _codes(_decode(make_nifti_bytes(np.zeros((4, 4, 4), np.float32)))) == ["constant"]


@pytest.mark.parametrize("shape", [(5, 6, 1), (5, 6), (5, 1, 6), (1, 5, 6)])
def test_single_slice_is_stacked_along_its_short_axis(shape: tuple[int, ...]) -> None:
    volume = _decode(make_nifti_bytes(np.arange(30, dtype=np.int16).reshape(shape)))
    axis = {"sagittal": 0, "coronal": 1, "axial": 2}[volume.plane]
    assert volume.voxels.shape[axis] == 1


def test_slices_are_those_that_were_acquired() -> None:
    voxels = np.zeros((8, 8, 8), np.int16)
    # Stored axes run anterior, superior, right: the third is stacked, which makes sagittal slices.
    turned = np.array([[0.0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    assert _decode(make_nifti_bytes(voxels, turned)).plane == "sagittal"
    assert _decode(make_nifti_bytes(voxels, np.diag([1.0, 5, 1, 1]))).plane == "coronal"
    assert _decode(make_nifti_bytes(voxels, np.diag([1.0, 1.2, 1, 1]))).plane == "axial"


def test_oblique_volume_says_so() -> None:
    angle = np.radians(30)
    affine = np.eye(4)
    affine[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    volume = _decode(make_nifti_bytes(np.zeros((4, 5, 6), np.int16), affine))
    assert (volume.plane, volume.stated_plane) == ("axial", "oblique")
    assert volume.voxels.shape == (4, 5, 6)


def test_missing_orientation_and_spacing_give_warnings() -> None:
    data = make_nifti_bytes(_RAMP)
    # sform and qform codes, then the sizes of a voxel.
    unplaced = _patch(data, 252, "<2h", 0, 0)
    assert _codes(_decode(unplaced)) == ["no_orientation"]
    for size in (0.0, -1.0, float("nan"), float("inf")):
        assert _codes(_decode(_patch(unplaced, 80, "<3f", 1, size, 1))) == ["no_spacing", "no_orientation"]
    singular = _patch(data, 280, "<12f", *([0.0] * 12))
    assert _codes(_decode(singular)) == ["no_orientation"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x1f\x8b",
        gzip.compress(make_nifti_bytes(_RAMP), mtime=0)[:-20],
        make_nifti_bytes(_RAMP)[:400],
        make_nifti_bytes(_RAMP)[:-1],
        _patch(make_nifti_bytes(_RAMP), 40, "<h", 9),
        _patch(make_nifti_bytes(_RAMP), 40, "<h", -1),
        _patch(make_nifti_bytes(_RAMP), 42, "<h", 0),
        _patch(make_nifti_bytes(_RAMP), 42, "<h", -7),
        _patch(make_nifti_bytes(_RAMP), 70, "<h", 9999),
        _patch(make_nifti_bytes(_RAMP), 108, "<f", float("nan")),
        _patch(make_nifti_bytes(_RAMP), 108, "<f", -5.0),
        _patch(make_nifti_bytes(_RAMP), 108, "<f", 1e30),
    ],
)
def test_damage_is_a_corrupt_file(data: bytes) -> None:
    with pytest.raises(CorruptFile):
        _decode(data)


def test_flipped_bit_in_a_compressed_volume_is_found() -> None:
    data = bytearray(make_nifti_bytes(np.random.default_rng(1).random((9, 9, 9), np.float32), compressed=True))
    data[len(data) // 2] ^= 4
    with pytest.raises(CorruptFile):
        _decode(bytes(data))


def _huge(*axes: int) -> bytes:
    return _patch(make_nifti_bytes(_RAMP), 40, f"<{1 + len(axes)}h", len(axes), *axes)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (_huge(*[32767] * 7), ImageTooLarge),
        (_huge(900, 900, 900), ExpandsTooMuch),
        (gzip.compress(_huge(900, 900, 900), mtime=0), ExpandsTooMuch),
        # The bomb is small, and so is what its header asks for.
        (gzip.compress(make_nifti_bytes(_RAMP) + bytes(10**7), 9, mtime=0), None),
        (gzip.compress(_huge(200, 200, 150) + bytes(10**7), 9, mtime=0), CorruptFile),
    ],
)
def test_what_is_declared_is_held_against_the_limits_before_memory_is_taken(
    data: bytes, error: type[InputError] | None
) -> None:
    process = psutil.Process()
    before = process.memory_info().rss
    if error is None:
        _decode(data)
    else:
        with pytest.raises(error):
            _decode(data)
    assert process.memory_info().rss - before < 2**28


def test_voxels_of_no_number_are_unsupported() -> None:
    # Type 1 is a single bit.
    with pytest.raises((UnsupportedFormat, CorruptFile)):
        _decode(_patch(make_nifti_bytes(_RAMP), 70, "<h", 1))


@pytest.mark.parametrize(
    "data",
    [b"", b"\x1f\x8b", b"\x1f\x8b\x08\x00" + bytes(60), gzip.compress(b"text", mtime=0), bytes(600)],
    ids=["nothing", "magic alone", "cut head", "text", "zeros"],
)
def test_other_content_is_no_nifti(data: bytes) -> None:
    assert not looks_like_nifti(data)


def test_files_of_ones_own_disk_may_be_large() -> None:
    large: NDArray[Any] = np.zeros((64, 64, 64), np.uint8)
    assert decode_nifti(make_nifti_bytes(large, compressed=True), FROM_DISK).voxels.shape == (64, 64, 64)


@pytest.mark.parametrize(
    ("kind", "least", "largest", "stored"),
    [
        (np.uint8, 0, 255, np.int16),
        (np.int16, -32768, 32767, np.int16),
        (np.uint16, 0, 32767, np.int16),
        (np.uint16, 0, 65535, np.uint16),
        (np.float32, -3, 40, np.int16),
        (np.float32, 0, 50_000, np.uint16),
    ],
)
def test_whole_numbers_are_written_as_they_are(kind: type, least: int, largest: int, stored: type) -> None:
    voxels: NDArray[Any] = np.linspace(least, largest, 24).round().astype(kind).reshape(2, 3, 4)
    image = nibabel.Nifti1Image.from_bytes(gzip.decompress(encode_nifti(Volume(voxels, (1.0, 1.0, 1.0)))))
    assert image.get_data_dtype() == stored
    assert (image.dataobj.slope, image.dataobj.inter) == (1, 0)
    np.testing.assert_array_equal(np.asarray(image.dataobj), voxels)


@pytest.mark.parametrize(
    "voxels", [_RAMP / 7 - 1, _RAMP * 1e5, _RAMP * np.float32(1e37), np.full((1, 1, 1), 0.5, np.float32)]
)
def test_other_numbers_are_written_in_65536_steps(voxels: NDArray[np.float32]) -> None:
    again = _decode(encode_nifti(Volume(voxels, (1.0, 1.0, 1.0)))).voxels
    assert float(np.abs(again - voxels).max()) <= float(np.ptp(voxels)) / 65535 * 0.51 + abs(float(voxels.max())) * 1e-6


@pytest.mark.parametrize("plane", ["sagittal", "coronal", "axial"])
def test_written_volume_keeps_its_position_and_slice_axis(plane: Plane) -> None:
    affine = np.array([[2.0, 0.3, 0, -7], [-0.3, 3.0, 0, 5], [0, 0, 4.0, 9], [0, 0, 0, 1]])
    spacing = tuple(float(length) for length in np.linalg.norm(affine[:3, :3], axis=0))
    data = encode_nifti(Volume(_RAMP[:, ::-1], (spacing[0], spacing[1], spacing[2]), affine, plane=plane))
    image = nibabel.Nifti1Image.from_bytes(gzip.decompress(data))
    np.testing.assert_allclose(image.affine, affine, rtol=1e-6)
    np.testing.assert_allclose(image.header.get_zooms(), spacing, rtol=1e-6)
    assert image.header.get_dim_info()[2] == ["sagittal", "coronal", "axial"].index(plane)
    assert int(image.header["sform_code"]) == 1
    np.testing.assert_array_equal(_decode(data).voxels, _RAMP[:, ::-1])
    assert encode_nifti(Volume(_RAMP, (1.0, 1.0, 1.0))) == encode_nifti(Volume(_RAMP, (1.0, 1.0, 1.0)))


def test_volume_of_no_known_place_says_so() -> None:
    image = nibabel.Nifti1Image.from_bytes(gzip.decompress(encode_nifti(Volume(_RAMP, (1.0, 2.0, 3.0)))))
    np.testing.assert_allclose(image.affine, np.diag([1, 2, 3, 1]))
    assert int(image.header["sform_code"]) == 2


def test_axis_that_nifti_cannot_count_is_refused() -> None:
    with pytest.raises(ImageTooLarge):
        encode_nifti(Volume(np.zeros((32_768, 1, 1), np.uint8), (1.0, 1.0, 1.0)))
