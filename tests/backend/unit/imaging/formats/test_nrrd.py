"""NRRD volumes are read like NIfTI, with the place, units and type that their headers state."""

import bz2
import gzip

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories import make_nifti_bytes
from tumorscope.domain.errors import (
    CorruptFile,
    ExpandsTooMuch,
    InputError,
    NoPixelData,
    NotAnAnatomicalImage,
    UnsupportedFormat,
)
from tumorscope.domain.scan import Volume
from tumorscope.imaging.decode import decode_upload, sniff_upload
from tumorscope.imaging.source import FROM_DISK, DecodeLimits, SourceFile

_VOXELS = np.random.default_rng(0).integers(0, 900, (9, 8, 7)).astype(np.int16)
# Rows are columns of an affine towards right, anterior and superior.
_WAYS = np.array([[-1, 0, 0], [0, 0, -1], [0, 2, 0]], np.float64)
_ORIGIN = np.array([40, -30, 20], np.float64)
_AFFINE = np.eye(4)
_AFFINE[:3, :3], _AFFINE[:3, 3] = _WAYS.T, _ORIGIN
_LPS = np.array([-1, -1, 1])


def _write_vector(vector: NDArray[np.float64]) -> str:
    return f"({','.join(map(str, vector))})"


def _write_place(sides: NDArray[np.int_] = _LPS, scale: float = 1.0) -> str:
    ways = " ".join(_write_vector(sides * way * scale) for way in _WAYS)
    return f"space directions: {ways}\nspace origin: {_write_vector(sides * _ORIGIN * scale)}"


_SPACE = f"space: left-posterior-superior\n{_write_place()}"


def _make(*fields: str, voxels: NDArray[np.generic] = _VOXELS, content: bytes | None = None, **stated: str) -> bytes:
    header = {
        "type": {"float32": "float", "float64": "double"}.get(voxels.dtype.name, voxels.dtype.name),
        "dimension": str(voxels.ndim),
        "sizes": " ".join(map(str, voxels.shape)),
        "endian": "little",
        "encoding": "raw",
        **stated,
    }
    lines = ["NRRD0005", "# made by a test", *(f"{name}: {value}" for name, value in header.items()), *fields]
    content = voxels.tobytes(order="F") if content is None else content
    return "\n".join(lines).encode() + b"\n\n" + content


def _decode(*files: tuple[str, bytes], limits: DecodeLimits = FROM_DISK) -> Volume:
    scan = decode_upload(sniff_upload([SourceFile(*file) for file in files]), limits)
    assert isinstance(scan, Volume)
    return scan


def _list_codes(volume: Volume) -> set[str]:
    # The volumes of these tests are a centimetre long.
    return {warning.code for warning in volume.warnings} - {"unlikely_size"}


def _check_same(found: Volume, voxels: NDArray[np.generic] = _VOXELS) -> None:
    expected = _decode(("a.nii", make_nifti_bytes(voxels, _AFFINE)))
    np.testing.assert_array_equal(found.voxels, expected.voxels)
    assert found.spacing_mm == pytest.approx(expected.spacing_mm)
    assert found.affine == pytest.approx(expected.affine)
    assert found.plane == expected.plane


@pytest.mark.parametrize(("encoding", "pack"), [("raw", bytes), ("gzip", gzip.compress), ("bz2", bz2.compress)])
@pytest.mark.parametrize("kind", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
@pytest.mark.parametrize("order", ["little", "big"])
def test_volume_is_the_one_that_nifti_gives(encoding: str, pack: type[bytes], kind: str, order: str) -> None:
    voxels = (_VOXELS % 200).astype(kind)
    stored = voxels.astype(voxels.dtype.newbyteorder("<" if order == "little" else ">"))
    data = _make(_SPACE, voxels=voxels, content=pack(stored.tobytes(order="F")), encoding=encoding, endian=order)
    _check_same(_decode(("a.nrrd", data)), voxels)


@pytest.mark.parametrize(
    ("space", "sides"),
    [("RAS", [1, 1, 1]), ("LPS", [-1, -1, 1]), ("left-anterior-superior", [-1, 1, 1])],
)
def test_space_tells_where_the_axes_point(space: str, sides: list[int]) -> None:
    _check_same(_decode(("a.nrrd", _make(f"space: {space}", _write_place(np.array(sides))))))


def test_space_that_does_not_tell_the_patient_leaves_the_orientation_open() -> None:
    found = _decode(("a.nrrd", _make("space: scanner-xyz", _write_place())))
    assert found.spacing_mm == (1.0, 1.0, 2.0)
    assert _list_codes(found) == {"no_orientation"}
    found = _decode(("a.nrrd", _make("spacings: 1 1 3")))
    assert found.spacing_mm == (1.0, 1.0, 3.0)
    assert _list_codes(found) == {"no_orientation"}
    assert "no_spacing" in _list_codes(_decode(("a.nrrd", _make("spacings: NaN NaN NaN"))))


@pytest.mark.parametrize(("unit", "scale"), [("mm", 1.0), ("m", 0.001), ("um", 1000.0), ("µm", 1000.0)])
def test_units_are_converted(unit: str, scale: float) -> None:
    units = f'space units: "{unit}" "{unit}" "{unit}"'
    _check_same(_decode(("a.nrrd", _make("space: LPS", units, _write_place(scale=scale)))))


@pytest.mark.parametrize("axis", [0, 3])
def test_of_a_list_of_volumes_the_first_is_read(axis: int) -> None:
    several = np.stack([_VOXELS, _VOXELS[::-1]], axis=axis)
    ways = [_write_vector(_LPS * way) for way in _WAYS]
    kinds = ["space"] * 3
    ways.insert(axis, "none")
    kinds.insert(axis, "list")
    place = f"space directions: {' '.join(ways)}\nspace origin: {_write_vector(_LPS * _ORIGIN)}"
    found = _decode(("a.nrrd", _make("space: LPS", place, f"kinds: {' '.join(kinds)}", voxels=several)))
    _check_same(found)
    assert _list_codes(found) == {"first_volume"}


@pytest.mark.parametrize("skip", ["line skip: 2\nbyte skip: 3", "byte skip: -1"])
def test_what_lies_before_the_voxels_is_skipped(skip: str) -> None:
    _check_same(_decode(("a.nrrd", _make(_SPACE, skip, content=b"a\nb\nccc" + _VOXELS.tobytes(order="F")))))


@pytest.mark.parametrize("name", ["b.raw", "./b.raw", r"C:\scans\b.raw"])
def test_header_and_its_data_file_are_one_volume(name: str) -> None:
    header = _make(_SPACE, f"data file: {name}", content=b"")
    _check_same(_decode(("b.raw", _VOXELS.tobytes(order="F")), ("a.nhdr", header)))
    with pytest.raises(NoPixelData, match="the file that it names"):
        _decode(("a.nhdr", header))


def test_file_name_tells_the_sequence_of_a_case() -> None:
    files = [SourceFile(f"a_{name}.nrrd", _make(_SPACE)) for name in ("t1", "t2")]
    scan = decode_upload(sniff_upload(files), FROM_DISK)
    assert set(scan.sequences) == {"t1", "t2"}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (_make(content=b"1 2 3", encoding="text"), UnsupportedFormat),
        (_make(content=b"00ff", encoding="hex"), UnsupportedFormat),
        (_make(encoding="zrl"), CorruptFile),
        (_make(content=b"short"), CorruptFile),
        (_make(content=gzip.compress(_VOXELS.tobytes())[:-9], encoding="gzip"), CorruptFile),
        (_make(content=gzip.compress(b"short"), encoding="gzip"), CorruptFile),
        (_make(sizes="9 8"), CorruptFile),
        (_make(sizes="9 8 0"), CorruptFile),
        (_make(sizes="9 8 -7"), CorruptFile),
        (_make(sizes="9 8 1e30"), CorruptFile),
        (_make(sizes="30000 30000 30000"), ExpandsTooMuch),
        (_make("byte skip: 10000000000"), ExpandsTooMuch),
        (_make("line skip: 10000000000"), CorruptFile),
        (_make("byte skip: -1", content=gzip.compress(_VOXELS.tobytes()), encoding="gzip"), CorruptFile),
        (_make(type="block"), CorruptFile),
        (_make("type: short"), CorruptFile),
        (_make(dimension="1", sizes="504"), UnsupportedFormat),
        (_make("kinds: RGB-color domain domain", "space directions: none (1,0,0) (0,1,0)"), NotAnAnatomicalImage),
        (_make("kinds: domain domain vector"), NotAnAnatomicalImage),
        (_make(_SPACE, "Segment0_ID:=Segment_1"), NotAnAnatomicalImage),
        (b"NRRD0005\n", CorruptFile),
        (b"NRRD0099\n\n", CorruptFile),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value.__name__,
)
def test_what_cannot_be_read_gets_its_error(data: bytes, error: type[InputError]) -> None:
    with pytest.raises(error):
        _decode(("a.nrrd", data), limits=DecodeLimits(10**9, 2**26, 100))


def test_memory_is_reserved_before_anything_is_unpacked() -> None:
    class Stopped(Exception):
        pass

    def reserve(size: int) -> None:
        assert size > 2 * 900**3
        raise Stopped

    data = _make(sizes="900 900 900", content=b"not gzip at all", encoding="gzip")
    with pytest.raises(Stopped):
        _decode(("a.nrrd", data), limits=DecodeLimits(10**9, 2**40, 100, reserve))
