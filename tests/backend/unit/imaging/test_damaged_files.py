"""Damaged files end as a scan or as an error of the contract, soon, and nothing of them stays in memory.

Some hundreds of mutated files in each run; TUMORSCOPE_FUZZ_FILES=20000 for a long one.
"""

import io
import os
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from tests.factories import (
    make_dicom_dataset,
    make_headed_bundle,
    make_nifti_bytes,
    make_outputs,
    make_phantom_file,
    write_dicom,
)
from tumorscope.domain.errors import InputError
from tumorscope.imaging.decode import sniff_upload
from tumorscope.imaging.decoder_pool import DecoderPool
from tumorscope.imaging.source import DecodeLimits, SourceFile
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.engine import Outputs
from tumorscope.inference.pipeline import predict_scan

_COUNT = int(os.environ.get("TUMORSCOPE_FUZZ_FILES", "400"))
# Of a processor; what takes a hundredth of it is slow.
_LIMIT_CPU_S = 60.0
_LARGEST_BYTES = 600_000
# As the service's, but for smaller files.
_LIMITS = DecodeLimits(pixels=16_000_000, expanded_bytes=128 * 2**20, files=200)
# What the allocator and the libraries' caches may keep; a leak of one decoded file in twenty would be more.
_KEPT_MIB = 300
_EXTREMES = (b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\0\0\0", b"\xfe\xff\xdd\xe0")
_Mutation = tuple[str, int]


class _ZeroEngine:
    name, device = "zero", "cpu"

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        assert np.isfinite(batch).all()
        return make_outputs(np.zeros((len(batch), 4), np.float32))


def _make_synthetic() -> dict[str, bytes]:
    pixels = np.random.default_rng(0).integers(0, 4000, (48, 40)).astype(np.uint16)
    deflated = make_dicom_dataset(pixels, DeflatedExplicitVRLittleEndian)
    run_length = make_dicom_dataset(pixels)
    run_length.compress(RLELossless)
    files = {
        "dicom": write_dicom(make_dicom_dataset(pixels)),
        "deflated": write_dicom(deflated),
        "rle": write_dicom(run_length),
        "nifti": make_nifti_bytes(np.stack([pixels] * 5, axis=2)),
        "nifti.gz": make_nifti_bytes(np.stack([pixels] * 5, axis=2), compressed=True),
        "png": make_phantom_file(size=96),
        "tiff": make_phantom_file("TIFF", size=96),
        "webp": make_phantom_file("WEBP", size=96),
        "jpeg": make_phantom_file("JPEG", size=96),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for index in range(4):
            instance = make_dicom_dataset(pixels, ImagePositionPatient=[0, 0, 4 * index])
            archive.writestr(f"{index}.dcm", write_dicom(instance))
    return {**files, "zip": packed.getvalue()}


def _read_real() -> dict[str, bytes]:
    root = Path(__file__).parents[5] / "shared" / "data"
    folder = Path(os.environ.get("TUMORSCOPE_DATA", root)) / "dicom"
    files = [path for path in sorted(folder.rglob("*.dcm")) if path.stat().st_size <= _LARGEST_BYTES]
    return {str(path): path.read_bytes() for path in files if "t1_mprage" not in str(path) or path.stem == "00100"}


_FILES = {**_make_synthetic(), **_read_real()}
_MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "remove", "repeat", "extreme", "random"]),
        st.integers(0, 2**32 - 1),
    ),
    min_size=1,
    max_size=6,
)


def _mutate(data: bytes, mutations: list[_Mutation]) -> bytes:
    content = bytearray(data)
    for kind, seed in mutations:
        rng = np.random.default_rng(seed)
        # Headers decide most, so that much of the damage is near the beginning.
        at = int(rng.random() ** 3 * len(content))
        length = int(rng.integers(1, 64))
        if kind == "flip" and content:
            content[at] ^= 1 << int(rng.integers(8))
        elif kind == "cut":
            del content[at + 1 :]
        elif kind == "remove":
            del content[at : at + length]
        elif kind == "repeat":
            content[at:at] = content[at : at + length]
        elif kind == "extreme":
            extreme = _EXTREMES[int(rng.integers(len(_EXTREMES)))]
            content[at : at + len(extreme)] = extreme
        elif kind == "random":
            content[at : at + length] = rng.bytes(length)
    return bytes(content)


@pytest.fixture(scope="module")
def decoders() -> Iterator[DecoderPool]:
    with DecoderPool(cpu_s=_LIMIT_CPU_S) as pool:
        yield pool


def test_damaged_files_are_scans_or_errors_of_the_contract(decoders: DecoderPool) -> None:
    classifier = Classifier(make_headed_bundle(), _ZeroEngine())
    memory = psutil.Process().memory_info
    seen: dict[str, int] = {}
    at_start = 0

    @settings(
        max_examples=_COUNT,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(name=st.sampled_from(sorted(_FILES)), mutations=_MUTATIONS)
    def check(name: str, mutations: list[_Mutation]) -> None:
        nonlocal at_start
        data = _mutate(_FILES[name], mutations)
        started = time.process_time()
        try:
            scan = decoders.decode(sniff_upload([SourceFile("", data)]), _LIMITS)
            predict_scan(classifier, scan)
            outcome = "answered"
        except InputError as error:
            outcome = "late" if "longer" in str(error) else error.code
        assert time.process_time() - started < _LIMIT_CPU_S
        seen[outcome] = seen.get(outcome, 0) + 1
        if sum(seen.values()) == _COUNT // 4:
            at_start = memory().rss

    check()
    assert memory().rss - at_start < _KEPT_MIB * 2**20
    assert "late" not in seen
    # That the damage went deep enough, and not too deep.
    assert seen["answered"] > _COUNT / 20
    assert seen["corrupt_file"] > _COUNT / 20
    print(seen)  # noqa: T201  (with -s, for the long run)
