"""The files that commands of the documentation name, made under these names."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np

from tests.brats_trees import write_case, write_grades
from tests.factories import make_dicom_bytes, make_nifti_bytes, make_phantom_file, make_slice
from tumorscope.model.bundle import read_bundle, write_bundle
from tumorscope.model.store import DEFAULT_BUNDLE, add_bundle, make_current

_SLICES = 6
_VOXELS = np.stack([make_slice(number).pixels for number in range(_SLICES)], axis=2)
_PICTURES = 12
_CLASS_FOLDERS = ("glioma", "meningioma", "notumor", "pituitary")


def _write_series(folder: Path) -> None:
    folder.mkdir(parents=True)
    for number in range(_SLICES):
        stated: dict[str, Any] = {"SOPInstanceUID": f"1.2.3.4.{number + 1}", "ImagePositionPatient": [0, 0, 5 * number]}
        pixels = make_slice(number + 1, lesion=True).pixels
        (folder / f"{number}.dcm").write_bytes(make_dicom_bytes(pixels, InstanceNumber=number + 1, **stated))


def _write_archive(folder: Path) -> None:
    _write_series(folder / "series")
    (folder / "slice.png").write_bytes(make_phantom_file())


def _write_zip(path: Path) -> None:
    _write_series(path.with_suffix(".unpacked"))
    with ZipFile(path, "w") as archive:
        for file in path.with_suffix(".unpacked").iterdir():
            archive.write(file, file.name)
    shutil.rmtree(path.with_suffix(".unpacked"))


def _write_data(folder: Path) -> None:
    for place, name in enumerate(_CLASS_FOLDERS):
        (folder / name).mkdir(parents=True)
        for number in range(_PICTURES):
            picture = make_phantom_file(seed=1 + place * _PICTURES + number, lesion=name != "notumor", size=96)
            (folder / name / f"{number}.png").write_bytes(picture)


def _write_bundle(folder: Path, version: str) -> None:
    """The default model under another version, with its split."""
    bundle = read_bundle(DEFAULT_BUNDLE)
    manifest = bundle.manifest.model_copy(update={"version": version})
    split = (DEFAULT_BUNDLE / "split.json").read_bytes()
    attached = {"split.json": split}
    write_bundle(folder, manifest, bundle.weights, bundle.golden_files, attached, bundle.scope, bundle.int8)


def _write_release(path: Path) -> None:
    _write_bundle(path.with_suffix(""), "0.8.0")
    with ZipFile(path, "w") as archive:
        for file in path.with_suffix("").iterdir():
            archive.write(file, file.name)
    shutil.rmtree(path.with_suffix(""))


def _write_store(folder: Path) -> None:
    source = folder.with_name(f"{folder.name}.bundle")
    _write_bundle(source, "0.7.0")
    add_bundle(folder, source)
    make_current(folder, "0.7.0")
    shutil.rmtree(source)


def _write_brats(folder: Path) -> None:
    names = [f"BraTS20_Training_{number:03}" for number in range(1, 5)]
    for name in names:
        write_case(folder, name)
    write_grades(folder, {name: ("HGG", "LGG")[place % 2] for place, name in enumerate(names)})


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


FILES: dict[str, Callable[[Path], None]] = {
    "slice.png": partial(_write, content=make_phantom_file()),
    "slice.jpg": partial(_write, content=make_phantom_file("JPEG")),
    "scan.dcm": partial(_write, content=make_dicom_bytes(make_slice(lesion=True).pixels)),
    "scan.nii.gz": lambda path: _write(
        path, make_nifti_bytes(np.stack([make_slice(n).pixels for n in range(8)], 2), compressed=True)
    ),
    "study.zip": _write_zip,
    "archive": _write_archive,
    "series": _write_series,
    "model.zip": _write_release,
    "DATA": _write_data,
    "BUNDLE": partial(_write_bundle, version="0.7.0"),
    "NEW_BUNDLE": partial(_write_bundle, version="0.8.0"),
    "STORE": _write_store,
    "MICCAI_BraTS2020_TrainingData": _write_brats,
}
"""By the name that a command says."""
