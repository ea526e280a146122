"""A folder in, a checked model bundle out, and back: ``manifest.json``, ``weights.npz``, golden pictures."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from tumorscope.domain.errors import BundleInvalid
from tumorscope.model.manifest import Manifest

MANIFEST_FILE = "manifest.json"
WEIGHTS_FILE = "weights.npz"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A model and its meaning.

    Parameters
    ----------
    manifest : Manifest
        Checked.
    sha256 : str
        Of the manifest, which holds the checksum of every other file.
    weights : mapping of str to ndarray, float16
        By ``layer/variable``, for example ``block1_conv1/kernel``.
    golden_files : mapping of str to bytes
        The golden pictures by file name.
    """

    manifest: Manifest
    sha256: str
    weights: Mapping[str, NDArray[np.float16]]
    golden_files: Mapping[str, bytes]


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle and check all of it.

    Parameters
    ----------
    folder : Path
        Holds ``manifest.json`` and the files that it names.

    Returns
    -------
    Bundle
        Whose every file has the checksum that the manifest states.

    Raises
    ------
    BundleInvalid
        A file is absent or damaged, or the manifest is not of this version.
    """
    manifest_bytes = _read(folder / MANIFEST_FILE)
    try:
        manifest = Manifest.model_validate_json(manifest_bytes)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BundleInvalid(f"{MANIFEST_FILE} is not a manifest of this version: {place}: {first['msg']}") from error
    if not manifest.golden:
        raise BundleInvalid(f"{MANIFEST_FILE} states no golden answers")
    golden_names = [golden.file for golden in manifest.golden]
    if WEIGHTS_FILE in golden_names:
        raise BundleInvalid(f"{MANIFEST_FILE} names {WEIGHTS_FILE} as a golden picture")
    for name in (WEIGHTS_FILE, *golden_names):
        if name not in manifest.files:
            raise BundleInvalid(f"{MANIFEST_FILE} states no checksum for {name}")
    contents = {}
    for name, expected in manifest.files.items():
        contents[name] = _read(folder / name)
        if hashlib.sha256(contents[name]).hexdigest() != expected:
            raise BundleInvalid(f"{name} does not have the checksum that {MANIFEST_FILE} states")
    return Bundle(
        manifest,
        hashlib.sha256(manifest_bytes).hexdigest(),
        _read_weights(contents.pop(WEIGHTS_FILE)),
        {name: contents[name] for name in golden_names},
    )


def write_bundle(
    folder: Path,
    manifest: Manifest,
    weights: Mapping[str, NDArray[np.float32]],
    golden_files: Mapping[str, bytes],
    attached: Mapping[str, bytes] | None = None,
) -> None:
    """Write a bundle, its manifest last, so that an interrupted write is not taken for a bundle.

    Parameters
    ----------
    folder : Path
        Made if absent; a bundle that it holds is replaced.
    manifest : Manifest
        Its ``files`` are replaced by the checksums of what is written.
    weights : mapping of str to ndarray
        Stored as float16.
    golden_files : mapping of str to bytes
        By the names that the manifest's ``golden`` uses.
    attached : mapping of str to bytes, optional
        Files that serving does not need and evaluation does, for example ``split.json``.
    """
    buffer = io.BytesIO()
    stored: dict[str, Any] = {name: array.astype(np.float16) for name, array in weights.items()}
    np.savez(buffer, **stored)
    contents = {WEIGHTS_FILE: buffer.getvalue(), **golden_files, **(attached or {})}
    checksums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST_FILE).unlink(missing_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    complete = manifest.model_copy(update={"files": checksums})
    (folder / MANIFEST_FILE).write_text(complete.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleInvalid(f"{path.name} cannot be read: {error.strerror}") from error


def _read_weights(content: bytes) -> dict[str, NDArray[np.float16]]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    # Whatever NumPy's and zipfile's parsing meet; the checksum held, so the bundle was made wrong.
    except Exception as error:
        raise BundleInvalid(f"{WEIGHTS_FILE} cannot be read") from error
