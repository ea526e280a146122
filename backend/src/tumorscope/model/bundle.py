"""A folder in, a checked model bundle out, and back: manifest, weights, scope gate, golden slices."""

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
SCOPE_FILE = "scope.npz"
INT8_FILE = "int8.tflite"
SPLIT_FILE = "split.json"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A model and the manifest that describes it.

    Parameters
    ----------
    manifest : Manifest
        Valid.
    sha256 : str
        Of the manifest, which states the checksum of every other file.
    weights : mapping of str to ndarray, float16
        By ``layer/variable``, for example ``block1_conv1/kernel``.
    golden_files : mapping of str to bytes
        The golden slices by file name.
    scope : mapping of str to ndarray, float32, optional
        ``reference``, shape (n, features), for `inference.scope`; ``sequence_kernel``, shape (features, sequences), and
        ``sequence_bias``, for `inference.classifier`, where it learned them. None if the manifest has no ``trust``.
    int8 : bytes, optional
        The int8 network, for `inference.engines.litert`; None if the manifest has no ``int8``.
    """

    manifest: Manifest
    sha256: str
    weights: Mapping[str, NDArray[np.float16]]
    golden_files: Mapping[str, bytes]
    scope: Mapping[str, NDArray[np.float32]] | None = None
    int8: bytes | None = None


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle, and verify the checksums that its manifest states.

    Raises
    ------
    BundleInvalid
        A file is missing or damaged, or the manifest has another format; the message names the folder.
    """
    try:
        return _read_bundle(folder)
    except BundleInvalid as error:
        raise BundleInvalid(f"{folder}: {error}") from error


def _read_bundle(folder: Path) -> Bundle:
    manifest_bytes = _read(folder / MANIFEST_FILE)
    try:
        manifest = Manifest.model_validate_json(manifest_bytes)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BundleInvalid(f"{MANIFEST_FILE} is not a valid manifest: {place}: {first['msg']}") from error
    if not manifest.golden:
        raise BundleInvalid(f"{MANIFEST_FILE} states no golden answers")
    golden_names = [golden.file for golden in manifest.golden]
    optional = {SCOPE_FILE: manifest.trust, INT8_FILE: manifest.int8}
    needed = [WEIGHTS_FILE, *(name for name, part in optional.items() if part is not None)]
    for name in needed:
        if name in golden_names:
            raise BundleInvalid(f"{MANIFEST_FILE} names {name} as a golden slice")
    for name in (*needed, *golden_names):
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
        _read_arrays(WEIGHTS_FILE, contents[WEIGHTS_FILE]),
        {name: contents[name] for name in golden_names},
        None if manifest.trust is None else _read_scope(contents[SCOPE_FILE]),
        None if manifest.int8 is None else contents[INT8_FILE],
    )


def write_bundle(
    folder: Path,
    manifest: Manifest,
    weights: Mapping[str, NDArray[np.float32]] | Mapping[str, NDArray[np.float16]],
    golden_files: Mapping[str, bytes],
    attached: Mapping[str, bytes] | None = None,
    scope: Mapping[str, NDArray[np.float32]] | None = None,
    int8: bytes | None = None,
) -> None:
    """Write a bundle, its manifest last, so that an interrupted write leaves no bundle.

    Parameters
    ----------
    folder : Path
        Created if missing; a bundle in it is replaced.
    manifest : Manifest
        Its ``files`` are replaced by the checksums of the written files.
    weights : mapping of str to ndarray
        Stored as float16.
    golden_files : mapping of str to bytes
        By the names in the manifest's ``golden``.
    attached : mapping of str to bytes, optional
        Files for evaluation only, for example ``split.json``.
    scope : mapping of str to ndarray, optional
        As `Bundle.scope`, stored as float16; requires ``trust`` in the manifest.
    int8 : bytes, optional
        As `Bundle.int8`; requires ``int8`` in the manifest.
    """
    contents = {WEIGHTS_FILE: _pack(weights, np.float16), **golden_files, **(attached or {})}
    if scope is not None:
        contents[SCOPE_FILE] = _pack(scope, np.float16)
    if int8 is not None:
        contents[INT8_FILE] = int8
    checksums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST_FILE).unlink(missing_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    complete = manifest.model_copy(update={"files": checksums})
    (folder / MANIFEST_FILE).write_text(complete.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _pack(arrays: Mapping[str, NDArray[Any]], kind: type[np.floating[Any]]) -> bytes:
    buffer = io.BytesIO()
    stored: dict[str, Any] = {name: array.astype(kind) for name, array in arrays.items()}
    np.savez(buffer, **stored)
    return buffer.getvalue()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleInvalid(f"{path.name} cannot be read: {error.strerror}") from error


def _read_scope(content: bytes) -> dict[str, NDArray[np.float32]]:
    arrays = _read_arrays(SCOPE_FILE, content)
    # `tumorscope export` reads a bundle of another version to replace this; `inference.scope` refuses to measure by it.
    named = {"reference": np.empty((1, 0), np.float16), **arrays}
    return {name: array.astype(np.float32) for name, array in named.items()}


def _read_arrays(name: str, content: bytes) -> dict[str, NDArray[Any]]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    # NumPy and zipfile raise various exceptions; the checksum is right, so the bundle was written wrongly.
    except Exception as error:
        raise BundleInvalid(f"{name} cannot be read") from error
