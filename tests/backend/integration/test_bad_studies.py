"""Hospital formats that lie or are damaged: the contract's status and code, under 1 GiB more memory."""

import gzip
import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from pydicom.uid import UID, CTImageStorage, JPEG2000Lossless, RLELossless

from tests.backend.integration.problems import check_problem, check_still_serving
from tests.factories import make_dicom_bytes, make_dicom_dataset, make_nifti_bytes, write_dicom
from tests.processes import ServedProcess

_LIMIT_MIB = 1024
_MIB = 2**20
_PIXELS = np.random.default_rng(0).integers(0, 4000, (64, 64)).astype(np.uint16)
_DIM_AT = 40
_OUTSIDE = "../left-behind.dcm"


def _truncated() -> bytes:
    return make_dicom_bytes(_PIXELS)[:-4000]


def _truncated_run_length() -> bytes:
    dataset = make_dicom_dataset(_PIXELS)
    dataset.compress(RLELossless)
    return write_dicom(dataset)[:-4000]


def _lying_length(tag: bytes) -> bytes:
    """An element that says it goes on beyond the file's end."""
    data = make_dicom_bytes(_PIXELS)
    at = data.index(tag)
    return data[: at + 8] + struct.pack("<I", 0x7FFFFFFE) + data[at + 12 :]


def _broken_sequence() -> bytes:
    """A sequence of undefined length whose item says that it is longer than the file."""
    data = make_dicom_bytes(_PIXELS)
    at = data.index(b"\x28\x00\x02\x00US")
    sequence = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0" + struct.pack("<I", 0x7FFFFFFE)
    return data[:at] + sequence + data[at:]


def _unknown_syntax() -> bytes:
    return make_dicom_bytes(_PIXELS).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.9.9\0")


def _run_length_under(syntax: str) -> bytes:
    dataset = make_dicom_dataset(_PIXELS)
    dataset.compress(RLELossless)
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    return write_dicom(dataset)


def _archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


def _zip_that_understates() -> bytes:
    """A member of 600 MiB that says it has 1,000 bytes, in its own header and in the directory."""
    data = _archive({"a.dcm": bytes(600 * _MIB)})
    return data.replace(struct.pack("<I", 600 * _MIB), struct.pack("<I", 1000))


def _nifti_with(at: int, packed: bytes) -> bytes:
    data = bytearray(make_nifti_bytes(np.stack([_PIXELS] * 4, axis=2)))
    data[at : at + len(packed)] = packed
    return bytes(data)


_REFUSED: dict[str, tuple[Callable[[], bytes], int, str]] = {
    "DICOM, pixel data truncated": (_truncated, 422, "corrupt_file"),
    "DICOM, RLE truncated": (_truncated_run_length, 422, "corrupt_file"),
    "DICOM, cut in its header": (lambda: make_dicom_bytes(_PIXELS)[:300], 422, "corrupt_file"),
    "DICOM, Rows too large": (lambda: make_dicom_bytes(_PIXELS, Rows=640), 422, "corrupt_file"),
    "DICOM, Rows and Columns of 65,535": (
        lambda: make_dicom_bytes(_PIXELS, Rows=65535, Columns=65535),
        413,
        "image_too_large",
    ),
    "DICOM, Rows of 0": (lambda: make_dicom_bytes(_PIXELS, Rows=0), 422, "corrupt_file"),
    "DICOM, a billion frames": (lambda: make_dicom_bytes(_PIXELS, NumberOfFrames=10**9), 422, "corrupt_file"),
    "DICOM, a length that lies": (lambda: _lying_length(b"\x02\x00\x01\x00OB"), 422, "corrupt_file"),
    "DICOM, a broken sequence": (_broken_sequence, 422, "corrupt_file"),
    "DICOM, unknown transfer syntax": (_unknown_syntax, 415, "unsupported_format"),
    "DICOM, run lengths as JPEG 2000": (lambda: _run_length_under(JPEG2000Lossless), 422, "corrupt_file"),
    "DICOM, a CT": (
        lambda: make_dicom_bytes(_PIXELS, Modality="CT", SOPClassUID=CTImageStorage),
        422,
        "not_an_mr_image",
    ),
    "NIfTI, a mask": (
        lambda: make_nifti_bytes((np.indices((40, 40, 4))[0] // 20).astype(np.uint8)),
        422,
        "not_an_anatomical_image",
    ),
    "gzip bomb": (lambda: gzip.compress(bytes(600 * _MIB), 6), 415, "unsupported_format"),
    "gzip bomb of a NIfTI": (
        lambda: gzip.compress(_nifti_with(_DIM_AT, struct.pack("<4h", 3, 1024, 1024, 512)) + bytes(600 * _MIB), 6),
        413,
        "expands_too_much",
    ),
    "gzip, truncated": (lambda: make_nifti_bytes(_PIXELS[..., None], compressed=True)[:-900], 422, "corrupt_file"),
    "gzip in gzip": (
        lambda: gzip.compress(make_nifti_bytes(_PIXELS[..., None], compressed=True)),
        415,
        "unsupported_format",
    ),
    "ZIP bomb": (lambda: _archive({"a.dcm": bytes(600 * _MIB)}), 413, "expands_too_much"),
    "ZIP bomb that understates": (_zip_that_understates, 422, "corrupt_file"),
    "ZIP of 20,000 files": (lambda: _archive({f"{i}.dcm": b"x" for i in range(20_000)}), 413, "too_many_files"),
    "ZIP in ZIP": (lambda: _archive({"inner.zip": _archive({"a.png": b"x"})}), 400, "no_file"),
    "ZIP, empty": (lambda: _archive({}), 400, "no_file"),
    "ZIP, cut": (lambda: _archive({"a.dcm": make_dicom_bytes(_PIXELS)})[:-30], 422, "corrupt_file"),
    "NIfTI of 32,767 to the seventh": (
        lambda: _nifti_with(_DIM_AT, struct.pack("<8h", 7, *[32767] * 7)),
        413,
        "image_too_large",
    ),
    "NIfTI of many slices": (
        lambda: _nifti_with(_DIM_AT, struct.pack("<4h", 3, 512, 512, 32767)),
        413,
        "expands_too_much",
    ),
    "NIfTI of negative size": (lambda: _nifti_with(_DIM_AT, struct.pack("<4h", 3, -5, 64, 4)), 422, "corrupt_file"),
    "NIfTI, truncated": (lambda: make_nifti_bytes(np.stack([_PIXELS] * 4, axis=2))[:-900], 422, "corrupt_file"),
    "NIfTI of an unknown data type": (lambda: _nifti_with(70, struct.pack("<h", 999)), 422, "corrupt_file"),
}
_ANSWERED: dict[str, tuple[Callable[[], bytes], list[str]]] = {
    "DICOM, pixel data that says it goes on": (lambda: _lying_length(b"\xe0\x7f\x10\x00OW"), []),
    "NIfTI with NaN and infinity": (
        lambda: make_nifti_bytes(np.stack([_PIXELS, np.full((64, 64), np.nan), np.full((64, 64), np.inf)], axis=2)),
        ["not_finite"],
    ),
    "NIfTI, all zero": (lambda: make_nifti_bytes(np.zeros((64, 64, 30), np.int16)), ["constant"]),
    "NIfTI of a single slice": (lambda: make_nifti_bytes(_PIXELS[..., None]), []),
    "NIfTI of two dimensions": (lambda: make_nifti_bytes(_PIXELS), []),
    "NIfTI with much behind it": (
        lambda: gzip.compress(make_nifti_bytes(_PIXELS[..., None]) + bytes(600 * _MIB), 6),
        [],
    ),
    "ZIP with paths that leave it": (
        lambda: _archive({_OUTSIDE: make_dicom_bytes(_PIXELS)}),
        [],
    ),
}


@pytest.fixture(scope="module", autouse=True)
def _within_memory(live: ServedProcess) -> Iterator[None]:
    """Hold the highest that memory was, of the service and of its decoders, against what it was before."""
    dataset = make_dicom_dataset(_PIXELS)
    dataset.compress(RLELossless)
    assert live.client.post("/predict", files={"file": write_dicom(dataset)}).status_code == 200
    # Both run; from here on the kernel keeps the highest anew.
    before = sum(one.memory_info().rss for one in _processes(live))
    for one in _processes(live):
        Path(f"/proc/{one.pid}/clear_refs").write_text("5")
    yield
    highest = sum(_read_highest(one.pid) for one in _processes(live))
    assert highest - before < _LIMIT_MIB * _MIB


def _processes(live: ServedProcess) -> list[psutil.Process]:
    return [live.process, *live.process.children(recursive=True)]


def _read_highest(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


@pytest.mark.parametrize("name", _REFUSED)
def test_bad_study_gets_its_code(live: ServedProcess, name: str) -> None:
    make, status, code = _REFUSED[name]
    data = make()
    # Under a good name: it is never trusted.
    response = live.client.post("/predict", files={"file": ("scan.dcm", data)})
    check_problem(response, status, code)
    check_still_serving(live)


@pytest.mark.parametrize("name", _ANSWERED)
def test_odd_study_is_answered(live: ServedProcess, name: str) -> None:
    make, warnings = _ANSWERED[name]
    data = make()
    response = live.client.post("/predict", files={"file": ("scan.dcm", data)})
    assert response.status_code == 200
    answer = response.json()
    # Noise and emptiness can be read, and are no brain MRI.
    assert answer["decision"] == "out_of_scope"
    assert set(warnings) <= {one["code"] for one in answer["input"]["warnings"]}
    assert not Path(live.process.cwd(), _OUTSIDE).exists()
    check_still_serving(live)


def test_volume_of_nothing_but_nan_is_corrupt(live: ServedProcess) -> None:
    data = make_nifti_bytes(np.full((64, 64, 4), np.nan, np.float32))
    check_problem(live.client.post("/predict", files={"file": data}), 422, "corrupt_file")


def test_bad_members_of_a_study_are_left_out(live: ServedProcess) -> None:
    """Nothing that can be read is lost because a file beside it cannot."""
    parts = [("file", make_dicom_bytes(_PIXELS, ImagePositionPatient=[0, 0, 4 * index])) for index in range(5)]
    answer = live.client.post("/predict", files=[*parts, ("file", _truncated()[:300])]).json()
    assert answer["input"]["slice_count"] == 5
    assert "files_left_out" in {one["code"] for one in answer["input"]["warnings"]}
