"""A bundle is read as it was written, and an incomplete one is refused."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.factories import make_manifest, make_phantom_file
from tumorscope.domain.errors import BundleInvalid
from tumorscope.model.bundle import MANIFEST_FILE, WEIGHTS_FILE, read_bundle, write_bundle
from tumorscope.model.manifest import GoldenManifest

_WEIGHTS = {"dense/kernel": np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)}
_GOLDEN = {"phantom.png": make_phantom_file(size=64)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    golden = GoldenManifest(file="phantom.png", probabilities=dict.fromkeys(make_manifest().class_names, 0.25))
    write_bundle(tmp_path / "bundle", make_manifest().model_copy(update={"golden": [golden]}), _WEIGHTS, _GOLDEN)
    return tmp_path / "bundle"


def test_bundle_comes_back_as_it_was_written(folder: Path) -> None:
    bundle = read_bundle(folder)
    assert set(bundle.weights) == set(_WEIGHTS)
    assert bundle.weights["dense/kernel"].dtype == np.float16
    np.testing.assert_array_equal(bundle.weights["dense/kernel"], _WEIGHTS["dense/kernel"].astype(np.float16))
    assert bundle.golden_files == _GOLDEN
    assert bundle.manifest.class_names == make_manifest().class_names


def test_checksum_is_the_manifests_and_covers_every_file(folder: Path) -> None:
    bundle = read_bundle(folder)
    assert bundle.sha256 == hashlib.sha256((folder / MANIFEST_FILE).read_bytes()).hexdigest()
    assert set(bundle.manifest.files) == {path.name for path in folder.iterdir()} - {MANIFEST_FILE}


def test_attached_file_is_covered_by_a_checksum_and_not_a_golden_slice(folder: Path) -> None:
    manifest = read_bundle(folder).manifest
    write_bundle(folder, manifest, _WEIGHTS, _GOLDEN, {"split.json": b"{}"})
    bundle = read_bundle(folder)
    assert bundle.manifest.files["split.json"] == hashlib.sha256(b"{}").hexdigest()
    assert bundle.golden_files == _GOLDEN


def test_writing_replaces_what_was_there(folder: Path) -> None:
    manifest = read_bundle(folder).manifest.model_copy(update={"version": "0.0.2"})
    write_bundle(folder, manifest, {"dense/kernel": np.zeros((1, 1), np.float32)}, _GOLDEN)
    assert read_bundle(folder).manifest.version == "0.0.2"
    assert read_bundle(folder).weights["dense/kernel"].shape == (1, 1)


def test_interrupted_writing_leaves_no_bundle(folder: Path) -> None:
    manifest = read_bundle(folder).manifest
    (folder / "phantom.png").unlink()
    (folder / "phantom.png").mkdir()
    with pytest.raises(OSError, match=r"phantom\.png"):
        write_bundle(folder, manifest, _WEIGHTS, _GOLDEN)
    with pytest.raises(BundleInvalid, match=MANIFEST_FILE):
        read_bundle(folder)


def _edit_manifest(**changes: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        manifest = json.loads((folder / MANIFEST_FILE).read_text())
        (folder / MANIFEST_FILE).write_text(json.dumps({**manifest, **changes}))

    return edit


def _flip_bit(name: str) -> Callable[[Path], None]:
    def flip(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)

    return flip


def _replace_weights(content: bytes) -> Callable[[Path], None]:
    """Other weights, and their true checksum."""

    def replace(folder: Path) -> None:
        (folder / WEIGHTS_FILE).write_bytes(content)
        files = json.loads((folder / MANIFEST_FILE).read_text())["files"]
        _edit_manifest(files={**files, WEIGHTS_FILE: hashlib.sha256(content).hexdigest()})(folder)

    return replace


_QUARTERS = dict.fromkeys(make_manifest().class_names, 0.25)
_DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no manifest": (lambda folder: (folder / MANIFEST_FILE).unlink(), MANIFEST_FILE),
    "no weights": (lambda folder: (folder / WEIGHTS_FILE).unlink(), WEIGHTS_FILE),
    "no golden picture": (lambda folder: (folder / "phantom.png").unlink(), "phantom.png"),
    "flipped bit in the weights": (_flip_bit(WEIGHTS_FILE), WEIGHTS_FILE),
    "flipped bit in a golden picture": (_flip_bit("phantom.png"), "phantom.png"),
    "cut manifest": (lambda folder: (folder / MANIFEST_FILE).write_text('{"format_version": 1'), MANIFEST_FILE),
    "later format": (_edit_manifest(format_version=2), "format_version"),
    "unknown field": (_edit_manifest(extra=1), "extra"),
    "other architecture": (_edit_manifest(architecture="resnet50"), "architecture"),
    "class named twice": (_edit_manifest(class_names=["a", "a", "b", "c"]), "twice"),
    "no golden answers": (_edit_manifest(golden=[]), "no golden answers"),
    "golden answer of other classes": (
        _edit_manifest(golden=[{"file": "phantom.png", "probabilities": {"x": 1.0}}]),
        "not of this model's classes",
    ),
    "golden picture that is the weights": (
        _edit_manifest(golden=[{"file": WEIGHTS_FILE, "probabilities": _QUARTERS}]),
        WEIGHTS_FILE,
    ),
    "file outside of the bundle": (_edit_manifest(files={"../weights.npz": "0" * 64}), "files"),
    "golden picture outside of the bundle": (
        _edit_manifest(golden=[{"file": "../x.png", "probabilities": _QUARTERS}]),
        "golden",
    ),
    "file by its full path": (_edit_manifest(files={"/etc/hostname": "0" * 64}), "files"),
    "no checksums": (_edit_manifest(files={}), "no checksum"),
    "wrong checksum": (_edit_manifest(files={WEIGHTS_FILE: "0" * 64, "phantom.png": "0" * 64}), "checksum"),
    "weights that are no archive": (_replace_weights(b"PK\x03\x04 and no more"), WEIGHTS_FILE),
    "weights that are code": (_replace_weights(b"\x80\x04cos\nsystem\n."), WEIGHTS_FILE),
}


@pytest.mark.parametrize("name", _DAMAGE)
def test_bundle_that_is_not_whole_is_refused(folder: Path, name: str) -> None:
    damage, reason = _DAMAGE[name]
    damage(folder)
    with pytest.raises(BundleInvalid, match=f"^{re.escape(str(folder))}: .*{reason}"):
        read_bundle(folder)


def test_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleInvalid, match=MANIFEST_FILE):
        read_bundle(tmp_path / "absent")
