"""What decoding reserves is what it takes: no file, and no number of files at once, takes the service's memory."""

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from tests.factories import (
    make_dicom_bytes,
    make_dicom_dataset,
    make_nifti_bytes,
    make_phantom_file,
    make_picture,
    write_dicom,
    write_tiny_int8_bundle,
)
from tests.processes import ServedProcess, read_allocator_settings, serve
from tumorscope.imaging.phantom import draw_phantom

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

_SIDE = 1200
_GREY = draw_phantom(1, lesion=True, size=_SIDE)
_WIDE = _GREY.astype(np.uint16) * 200
_VOXELS = np.repeat(draw_phantom(1, lesion=True, size=120)[:, :, None], 120, axis=2)


def _make_transparent(file_format: str, **options: object) -> bytes:
    return make_picture(np.repeat(_GREY[:, :, None], 4, axis=2), file_format, **options)


def _make_animation(side: int = _SIDE) -> bytes:
    frames = [Image.new("RGBA", (side, side), (0, shade, 0, shade)) for shade in (10, 200)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    return buffer.getvalue()


def _make_compressed_dicom() -> bytes:
    dataset = make_dicom_dataset(_WIDE)
    dataset.compress(RLELossless)
    return write_dicom(dataset)


def _make_archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for index in range(40):
            one = make_dicom_bytes(_WIDE[::4, ::4], ImagePositionPatient=[0, 0, index], RescaleSlope="2")
            archive.writestr(f"{index}.dcm", one)
    return packed.getvalue()


_FILES: dict[str, Callable[[], bytes]] = {
    "grey PNG": lambda: make_picture(_GREY),
    "16-bit PNG": lambda: make_picture(_WIDE),
    "transparent PNG": lambda: _make_transparent("PNG"),
    "progressive JPEG": lambda: make_picture(np.repeat(_GREY[:, :, None], 3, axis=2), "JPEG", progressive=True),
    "transparent TIFF": lambda: _make_transparent("TIFF", compression="tiff_adobe_deflate"),
    "floating-point TIFF": lambda: make_picture(_GREY.astype(np.float32) / 3, "TIFF"),
    "lossless WebP": lambda: _make_transparent("WEBP", lossless=True, quality=0, method=0),
    "animated WebP": _make_animation,
    "DICOM": lambda: make_dicom_bytes(_WIDE),
    "inverted DICOM": lambda: make_dicom_bytes(_WIDE, PhotometricInterpretation="MONOCHROME1", RescaleSlope="2"),
    "DICOM with long pixels": lambda: make_dicom_bytes(_WIDE, PixelSpacing=[1.0, 0.4]),
    "compressed DICOM": _make_compressed_dicom,
    "deflated DICOM": lambda: make_dicom_bytes(_WIDE, DeflatedExplicitVRLittleEndian),
    "series in a ZIP": _make_archive,
    "NIfTI": lambda: make_nifti_bytes(_VOXELS),
    "floating-point NIfTI": lambda: make_nifti_bytes(_VOXELS.astype(np.float64), compressed=True),
}

# Prints, for each file but the first, the bytes that were reserved and those by which the peak of memory rose.
_MEASURE = """
import re, sys
from dataclasses import replace
from pathlib import Path
from tumorscope.imaging.decode import decode_upload, sniff_upload
from tumorscope.imaging.source import FROM_DISK, SourceFile
from tumorscope.inference.study import choose_slices_to_read
from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input
from tumorscope.presentation.answer import draw_view

def prepare(data, reserve):
    upload = sniff_upload([SourceFile("", data)])
    scan = decode_upload(upload, replace(FROM_DISK, reserve=reserve))
    plane = choose_slices_to_read(None, scan).planes[0]
    for index in plane.indices[:2]:
        scan = plane.cut(index)
        draw_view(scan, to_model_input(scan, PreprocessingParameters()).window)

def read(name):
    return 1024 * int(re.search(name + r":\\s+(\\d+)", Path("/proc/self/status").read_text()).group(1))

for path in sys.argv[1:]:
    data, reserved = Path(path).read_bytes(), []
    Path("/proc/self/clear_refs").write_text("5")
    before = read("VmRSS")
    prepare(data, reserved.append)
    print(sum(reserved), read("VmHWM") - before)
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, int]]:
    """What was reserved for each file, and what was taken, in bytes."""
    folder = tmp_path_factory.mktemp("files")
    # The first ones load what the others need.
    first = [make_dicom_bytes(_WIDE[:64, :64]), make_nifti_bytes(_VOXELS[:32, :32, :8]), make_phantom_file("WEBP")]
    for name, data in [*enumerate(first), *((name, make()) for name, make in _FILES.items())]:
        (folder / str(name)).write_bytes(data)
    paths = [folder / str(name) for name in [*range(len(first)), *_FILES]]
    run = subprocess.run(
        [sys.executable, "-c", _MEASURE, *paths],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, **read_allocator_settings()},
    )
    figures = [tuple(int(word) for word in line.split()) for line in run.stdout.splitlines()]
    return dict(zip(_FILES, figures[len(first) :], strict=True))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", _FILES)
def test_reserved_memory_covers_the_measured_peak(name: str, measured: dict[str, tuple[int, int]]) -> None:
    reserved, peak = measured[name]
    assert peak < reserved + 2**23
    # A bound that is far from what is taken would refuse files that fit.
    assert reserved < 4 * peak + 2**26


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedProcess]:
    bundle = write_tiny_int8_bundle(tmp_path_factory.mktemp("bundle"))
    log = tmp_path_factory.mktemp("served") / "service.log"
    with serve(bundle, log, max_decode_memory_mib="256") as served:
        served.wait_for_status("ready")
        yield served


def test_file_that_never_fits_is_refused(served: ServedProcess) -> None:
    before = served.resident_mib
    canvas = Image.new("RGBA", (8000, 7999))
    buffer = io.BytesIO()
    canvas.save(buffer, "WEBP", lossless=True, quality=0, method=0)
    answer = served.client.post("/predict", content=buffer.getvalue())
    assert (answer.status_code, answer.json()["code"]) == (413, "image_too_large")
    assert served.resident_mib < before + 64


def test_many_large_files_at_once_stay_within_the_memory_and_pictures_are_answered(served: ServedProcess) -> None:
    before = served.resident_mib
    files = [
        _make_animation(1900),
        _FILES["transparent PNG"](),
        _FILES["transparent TIFF"](),
        _FILES["inverted DICOM"](),
    ]
    picture = make_phantom_file("JPEG")

    def post(data: bytes) -> httpx.Response:
        with served.connect() as client:
            return client.post("/predict", content=data, params={"explain": "heatmap", "picture": "shown"})

    with ThreadPoolExecutor(32) as clients:
        large = [clients.submit(post, files[index % len(files)]) for index in range(32)]
        assert post(picture).status_code == 200
        answers = [one.result() for one in large]
    assert {200} <= {answer.status_code for answer in answers} <= {200, 503}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 503} <= {"overloaded"}
    peak = int((Path(f"/proc/{served.popen.pid}/status").read_text().split("VmHWM:")[1]).split()[0]) / 1024
    assert peak < before + 256 + 128
