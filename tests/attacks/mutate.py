"""Damaged files of every kind, through the processes that read them; each is a scan or an error of the contract.

    .venv/bin/python -m tests.attacks.mutate --count 20000

Each number damages the same file in the same way on every run; ``--first`` goes on where a run was stopped.
"""

import argparse
import gzip
import io
import os
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import psutil
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, RLELossless, generate_uid

from tests.factories import (
    make_dicom_dataset,
    make_headed_bundle,
    make_mosaic,
    make_nifti_bytes,
    make_nrrd_bytes,
    make_outputs,
    make_phantom_file,
    make_picture,
    write_dicom,
)
from tumorscope.domain.errors import InputError
from tumorscope.imaging.decode import sniff_upload
from tumorscope.imaging.decoder_pool import DecoderPool
from tumorscope.imaging.formats.dicom_directory import list_directory
from tumorscope.imaging.source import DecodeLimits, SourceFile
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.engine import Outputs
from tumorscope.inference.pipeline import predict_scan

# As the service's, but for smaller files.
_LIMITS = DecodeLimits(pixels=16_000_000, expanded_bytes=128 * 2**20, files=200)
_LARGEST_BYTES = 600_000
_EXTREMES = (b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\0\0\0", b"\xfe\xff\xdd\xe0")
_MUTATIONS = ("flip", "cut", "remove", "repeat", "extreme", "random", "digit")
_MOST_MUTATIONS = 6
_DIRECTORY, _REAL = "DICOMDIR", "DICOM, real"
_PROGRESS = 500

Files = list[tuple[str, bytes]]
"""Names and contents of one study; the first is damaged."""


@dataclass
class Report:
    """What the damaged files came to.

    Parameters
    ----------
    outcomes : Counter of (str, str)
        Kind of file, and ``answered`` or the code of the error.
    faults : list of str
        What is neither, or was ended because it took too long.
    above_idle_mib : float
        The most that this process and those that read files held, above what they hold when they have read one file.
    """

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    above_idle_mib: float = 0.0


class _ZeroEngine:
    name, device = "zero", "cpu"

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        assert np.isfinite(batch).all()
        return make_outputs(np.zeros((len(batch), 4), np.float32))


def make_studies() -> dict[str, list[Files]]:
    """Small studies of each kind that is read."""
    pixels = np.random.default_rng(0).integers(0, 4000, (48, 40)).astype(np.uint16)
    voxels = np.stack([pixels + 9 * z for z in range(5)], axis=2).astype(np.int16)
    run_length = make_dicom_dataset(pixels)
    run_length.compress(RLELossless)
    single = {
        "DICOM": write_dicom(make_dicom_dataset(pixels)),
        "DICOM, deflated": write_dicom(make_dicom_dataset(pixels, DeflatedExplicitVRLittleEndian)),
        "DICOM, RLE": write_dicom(run_length),
        "DICOM, multi-frame JPEG 2000": _make_multi_frame(voxels),
        "DICOM, mosaic": write_dicom(make_mosaic()),
        _DIRECTORY: _make_directory(pixels),
        "NIfTI": make_nifti_bytes(voxels),
        "NIfTI.gz": make_nifti_bytes(voxels, compressed=True),
        "NIfTI-2": nibabel.Nifti2Image(voxels, np.eye(4)).to_bytes(),
        "NRRD": make_nrrd_bytes(voxels),
        "NRRD, gzip": make_nrrd_bytes(voxels, encoding="gzip"),
        "NRRD, bzip2": make_nrrd_bytes(voxels, encoding="bzip2"),
        "MGZ": gzip.compress(nibabel.MGHImage(voxels, np.eye(4)).to_bytes()),
        "MGH": nibabel.MGHImage(voxels, np.eye(4)).to_bytes(),
        "PNG": make_phantom_file(size=96),
        "JPEG": make_phantom_file("JPEG", size=96),
        "BMP": make_phantom_file("BMP", size=96),
        "TIFF": make_picture(pixels, "TIFF", compression="tiff_adobe_deflate"),
        "TIFF, pages": _make_pages("TIFF", compression="tiff_lzw"),
        "WebP": make_phantom_file("WEBP", size=96),
        "WebP, lossless": make_picture((pixels >> 4).astype(np.uint8), "WEBP", lossless=True),
        "WebP, animated": _make_pages("WEBP"),
        "ZIP": _make_archive(pixels),
    }
    analyze = nibabel.AnalyzeImage(voxels, np.eye(4))
    holders = {part: nibabel.FileHolder(fileobj=io.BytesIO()) for part in ("header", "image")}
    analyze.to_file_map(holders)
    header, image = (holders[part].fileobj.getvalue() for part in ("header", "image"))
    detached = make_nrrd_bytes(voxels, data_file="a.raw")
    return {
        **{kind: [[("", data)]] for kind, data in single.items()},
        "Analyze": [[("a.hdr", header), ("a.img", image)], [("a.img", image), ("a.hdr", header)]],
        "NRRD, detached": [[("a.nhdr", detached), ("a.raw", voxels.tobytes(order="F"))]],
    }


def read_real() -> dict[str, list[Files]]:
    """Real DICOM files that are not large, as one kind, where there are any."""
    root = Path(os.environ.get("TUMORSCOPE_DATA", Path(__file__).parents[3] / "shared" / "data"))
    paths = [path for kind in ("dicom", "field") for path in sorted((root / kind).rglob("*.dcm"))]
    small = [path for path in paths if path.stat().st_size <= _LARGEST_BYTES]
    # Of a whole series one file.
    kept = [path for path in small if "t1_mprage" not in path.parts[-2] or path.stem == "00100"]
    return {_REAL: [[("", path.read_bytes())] for path in kept]} if kept else {}


def mutate(data: bytes, rng: np.random.Generator) -> bytes:
    """Damage a file in up to six places, most of them near its beginning: headers decide most."""
    content = bytearray(data)
    for kind in rng.choice(_MUTATIONS, rng.integers(1, _MOST_MUTATIONS + 1)):
        at = int(rng.random() ** 2 * len(content))
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
        elif kind == "digit":
            # Of a number that is text, in the headers of NRRD and in DICOM.
            digits = [place for place in range(at, min(at + 256, len(content))) if chr(content[place]).isdecimal()]
            if digits:
                content[digits[int(rng.integers(len(digits)))]] = ord("0") + int(rng.integers(10))
    return bytes(content)


def run(numbers: Iterable[int], studies: dict[str, list[Files]], *, tell: bool = False) -> Report:
    """Read the damaged studies of these numbers; `tell` prints how far it is."""
    classifier = Classifier(make_headed_bundle(), _ZeroEngine())
    report, kinds = Report(), sorted(studies)
    with DecoderPool() as decoders, tempfile.TemporaryDirectory() as folder:
        read = partial(_read, decoders, classifier, Path(folder))
        for kind in kinds:
            if kind not in (_DIRECTORY, _REAL):
                assert read(kind, studies[kind][0]) == "answered", kind
            if kind == kinds[0]:
                idle_mib = _measure_mib()
        for done, number in enumerate(numbers, 1):
            rng = np.random.default_rng(number)
            kind = kinds[int(rng.integers(len(kinds)))]
            (name, data), *others = studies[kind][int(rng.integers(len(studies[kind])))]
            try:
                outcome = read(kind, [(name, mutate(data, rng)), *others])
            except Exception:  # noqa: BLE001  (what is looked for)
                outcome = "fault"
                report.faults.append(f"{number}, {kind}: {traceback.format_exc(limit=-3)}")
            if outcome == "late":
                report.faults.append(f"{number}, {kind}: late")
            report.outcomes[kind, outcome] += 1
            report.above_idle_mib = max(report.above_idle_mib, _measure_mib() - idle_mib)
            if tell and done % _PROGRESS == 0:
                sys.stdout.write(f"{number}: {len(report.faults)} faults, {report.above_idle_mib:.0f} MiB above idle\n")
                sys.stdout.flush()
    return report


def _read(decoders: DecoderPool, classifier: Classifier, folder: Path, kind: str, files: Files) -> str:
    """Read a study to its end, and say what it came to."""
    try:
        if kind == _DIRECTORY:
            directory = folder / _DIRECTORY
            directory.write_bytes(files[0][1])
            list_directory(directory)
        scan = decoders.decode(sniff_upload([SourceFile(*file) for file in files]), _LIMITS)
        predict_scan(classifier, scan)
    except InputError as error:
        return "late" if "longer" in str(error) else error.code
    return "answered"


def _measure_mib() -> float:
    """The most that this process and its children have held so far, in MiB, counting shared pages in each."""
    process, kib = psutil.Process(), 0
    for one in (process, *process.children(recursive=True)):
        try:
            status = Path(f"/proc/{one.pid}/status").read_text()
        except OSError:
            continue
        kib += int((status.partition("VmHWM:")[2].split() or ["0"])[0])
    return kib / 1024


def _make_multi_frame(voxels: NDArray[np.int16]) -> bytes:
    groups = []
    for z in range(voxels.shape[2]):
        group, position = Dataset(), Dataset()
        position.ImagePositionPatient = [0, 0, 5 * z]
        group.PlanePositionSequence = [position]
        groups.append(group)
    frames = np.moveaxis(voxels, 2, 0).astype(np.uint16)
    dataset = make_dicom_dataset(
        frames, NumberOfFrames=len(frames), PerFrameFunctionalGroupsSequence=groups, ImagePositionPatient=None
    )
    dataset.compress(JPEG2000Lossless)
    return write_dicom(dataset)


def _make_directory(pixels: NDArray[np.uint16]) -> bytes:
    files = FileSet()
    for number in range(3):
        said: dict[str, Any] = {
            "PatientID": "1",
            "PatientName": "",
            "StudyDate": "20000101",
            "StudyTime": "000000",
            "StudyID": "1",
        }
        said |= {"AccessionNumber": "", "SeriesNumber": 1, "InstanceNumber": number, "SOPInstanceUID": generate_uid()}
        dataset = make_dicom_dataset(pixels, **said)
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        files.add(dataset)
    with tempfile.TemporaryDirectory() as folder:
        files.write(folder)
        # It would warn that it cleans up by itself, at a time of its own.
        files._stage["t"].cleanup()
        return Path(folder, _DIRECTORY).read_bytes()


def _make_pages(file_format: str, **options: object) -> bytes:
    pages = [Image.open(io.BytesIO(make_phantom_file(seed=seed, size=96))) for seed in (1, 2)]
    buffer = io.BytesIO()
    pages[0].save(buffer, file_format, save_all=True, append_images=pages[1:], **options)
    return buffer.getvalue()


def _make_archive(pixels: NDArray[np.uint16]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for index in range(4):
            instance = make_dicom_dataset(pixels, ImagePositionPatient=[0, 0, 4 * index])
            archive.writestr(f"{index}.dcm", write_dicom(instance))
    return packed.getvalue()


def main() -> None:
    """Read damaged files, and print what they came to; exit status 1 for a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks.mutate", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    options = parser.parse_args()
    started = time.monotonic()
    numbers = range(options.first, options.first + options.count)
    report = run(numbers, {**make_studies(), **read_real()}, tell=True)
    for (kind, outcome), count in sorted(report.outcomes.items()):
        sys.stdout.write(f"{kind:30} {outcome:28} {count:6}\n")
    sys.stdout.write(f"{report.above_idle_mib:.0f} MiB above idle, {time.monotonic() - started:.0f} s, ")
    sys.stdout.write("\n".join([f"{len(report.faults)} faults", *report.faults, ""]))
    sys.exit(1 if report.faults else 0)


if __name__ == "__main__":
    main()
