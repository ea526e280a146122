"""What the formats of a hospital cost: single DICOM instances, a series as ZIP, a compressed volume."""

import gzip
import io
import json
import re
import threading
import time
import zipfile
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import JPEG2000Lossless

from tests.bench.servers import Server, ask
from tests.factories import make_dicom_bytes, make_dicom_dataset, make_nifti_bytes, write_dicom
from tumorscope.domain.scan import Slice
from tumorscope.imaging.decode import sniff_upload
from tumorscope.imaging.decoder_pool import DecoderPool
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.imaging.source import FROM_DISK, SourceFile
from tumorscope.inference.engines.engine import Engine
from tumorscope.model.bundle import Bundle
from tumorscope.preprocessing.pipeline import ModelInput, PreprocessingParameters, to_model_input

_ROUNDS = 40
_STUDY_ROUNDS = 3
_BATCH = 16
_SAMPLING_S = 0.01


def measure_instances(bundle: Bundle) -> list[dict[str, Any]]:
    """Decoding and preprocessing of one 512x512 instance, in this process and its decoder's, warm."""
    pixels = _draw_instance()
    compressed = make_dicom_dataset(pixels)
    compressed.compress(JPEG2000Lossless)
    files = {
        ("DICOM 512×512, uncompressed", 8): make_instance(),
        ("DICOM 512×512, JPEG 2000", 60): write_dicom(compressed),
    }
    parameters = bundle.manifest.preprocessing_parameters
    rows = []
    with DecoderPool() as decoders:
        for (name, bound_ms), data in files.items():
            prepare = partial(_prepare, data, parameters, decoders)
            rows.append({"what": name, "p50_ms": round(_time(prepare), 2), "bound_ms": bound_ms})
    return rows


def make_instance() -> bytes:
    """A 512x512 DICOM file, not compressed."""
    return make_dicom_bytes(_draw_instance())


def _draw_instance() -> NDArray[np.uint16]:
    return draw_phantom(1, lesion=True, size=512).astype(np.uint16) * np.uint16(12)


def measure_studies(server: Server, engine: Engine, size: int) -> list[dict[str, Any]]:
    """Whole requests beside what the engine alone takes for as many slices, and the memory above idle.

    Of a volume with evidence, slices of other planes are run besides those that are judged.
    """
    studies = {"series of 176 instances, ZIP": make_series(), "volume 240×240×155, NIfTI.gz": make_volume()}
    rows = []
    # Before the first study, for what the allocator keeps of one is not idle.
    idle = server.resident_mib()
    path, content_type = "/predict?slices=all", "application/octet-stream"
    for name, data in studies.items():
        with _Peak(server) as watched:
            before = _count_slices(server)
            answer = json.loads(ask(server.connect(), path, data, content_type))
            run = _count_slices(server) - before
        requests, alone, peak = [], [], watched.mib
        for _ in range(_STUDY_ROUNDS):
            with _Peak(server) as watched:
                # A new connection: the server closes one that waited for the engine.
                started = time.perf_counter()
                ask(server.connect(), path, data, content_type)
                requests.append(time.perf_counter() - started)
            peak = max(peak, watched.mib)
            started = time.perf_counter()
            for start in range(0, run, _BATCH):
                engine.run(np.zeros((min(_BATCH, run - start), size, size, 3), np.float32))
            alone.append(time.perf_counter() - started)
        rows.append(
            {
                "what": name,
                "slices_judged": len(answer["slices"]),
                "slices_run": run,
                "request_s": round(float(np.median(requests)), 2),
                "engine_alone_s": round(float(np.median(alone)), 2),
                "times_engine": round(float(np.median(requests) / np.median(alone)), 2),
                "memory_above_idle_mib": round(peak - idle),
            }
        )
    return rows


def _count_slices(server: Server) -> int:
    """How many slices the server's engine has run since its start."""
    connection = server.connect()
    connection.request("GET", "/metrics")
    found = re.search(rb"tumorscope_batch_slices_sum (\S+)", connection.getresponse().read())
    assert found is not None
    return int(float(found[1]))


def _prepare(data: bytes, parameters: PreprocessingParameters, decoders: DecoderPool) -> ModelInput:
    scan = decoders.decode(sniff_upload([SourceFile("", data)]), FROM_DISK)
    assert isinstance(scan, Slice)
    return to_model_input(scan, parameters)


def _time(call: Callable[[], object]) -> float:
    """Median milliseconds, warm."""
    timings = []
    for turn in range(_ROUNDS + 5):
        started = time.perf_counter()
        call()
        if turn >= 5:
            timings.append((time.perf_counter() - started) * 1000)
    return float(np.median(timings))


def _make_head(side: int, slices: int) -> NDArray[np.uint16]:
    """A head that grows and shrinks again along the stack; noise, so that it does not compress better than scans do."""
    phantom = draw_phantom(1, lesion=True, size=side).astype(np.float32)
    noise = np.random.default_rng(0)
    voxels = np.zeros((slices, side, side), np.uint16)
    for index in range(slices):
        width = np.sin(np.pi * (index + 1) / (slices + 1)) ** 0.5
        rows = np.clip((np.arange(side) - side / 2) / width + side / 2, 0, side - 1).astype(int)
        voxels[index] = phantom[np.ix_(rows, rows)] * 4 + noise.integers(0, 20, (side, side))
    return voxels


def make_series(slices: int = 176) -> bytes:
    """A series of 256x256 instances, as a ZIP."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for index, pixels in enumerate(_make_head(256, slices)):
            archive.writestr(f"{index}.dcm", make_dicom_bytes(pixels, ImagePositionPatient=[0, 0, index]))
    return packed.getvalue()


def make_volume() -> bytes:
    """A volume of 240x240x155 voxels, .nii.gz."""
    return gzip.compress(make_nifti_bytes(_make_head(240, 155).transpose(2, 1, 0).astype(np.int16)), 6)


class _Peak:
    """The most memory that a server holds while it is watched, in MiB."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.mib = 0.0

    def _watch(self) -> None:
        while not self._done.wait(_SAMPLING_S):
            self.mib = max(self.mib, self._server.resident_mib())

    def __enter__(self) -> "_Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
