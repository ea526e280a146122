"""A bundle comes back as it was written, and one that is not whole is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.factories import make_manifest, make_phantom_file
from tumorscope.domain.errors import BundleInvalid
from tumorscope.model.bundle import MANIFEST_FILE, WEIGHTS_FILE, read_bundle, write_bundle
from tumorscope.model.manifest import GoldenManifest
from tumorscope.model.network import load_network
from tumorscope.model.vgg16 import LAST_CONVOLUTION, build_vgg16, convolution_layers

_WEIGHTS = {"dense/kernel": np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    golden = GoldenManifest(file="phantom.png", probabilities=dict.fromkeys(make_manifest().class_names, 0.25))
    manifest = make_manifest().model_copy(update={"golden": [golden]})
    write_bundle(tmp_path, manifest, _WEIGHTS, {"phantom.png": make_phantom_file()})
    return tmp_path


def test_bundle_comes_back_as_it_was_written(folder: Path) -> None:
    bundle = read_bundle(folder)
    np.testing.assert_array_equal(bundle.weights["dense/kernel"], _WEIGHTS["dense/kernel"].astype(np.float16))
    assert bundle.golden_files == {"phantom.png": make_phantom_file()}
    assert bundle.manifest.class_names == make_manifest().class_names
    assert read_bundle(folder).sha256 == bundle.sha256


def _edit_manifest(**changes: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        manifest = json.loads((folder / MANIFEST_FILE).read_text())
        (folder / MANIFEST_FILE).write_text(json.dumps({**manifest, **changes}))

    return edit


def _flip_byte(folder: Path) -> None:
    content = bytearray((folder / WEIGHTS_FILE).read_bytes())
    content[-30] ^= 1
    (folder / WEIGHTS_FILE).write_bytes(content)


_DAMAGE: dict[str, Callable[[Path], object]] = {
    "no manifest": lambda folder: (folder / MANIFEST_FILE).unlink(),
    "no weights": lambda folder: (folder / WEIGHTS_FILE).unlink(),
    "no golden picture": lambda folder: (folder / "phantom.png").unlink(),
    "flipped bit": _flip_byte,
    "cut manifest": lambda folder: (folder / MANIFEST_FILE).write_text('{"format_version": 1'),
    "later format": _edit_manifest(format_version=2),
    "unknown field": _edit_manifest(extra=1),
    "other architecture": _edit_manifest(architecture="resnet50"),
    "class named twice": _edit_manifest(class_names=["a", "a", "b", "c"]),
    "no golden answers": _edit_manifest(golden=[]),
    "golden answer of other classes": _edit_manifest(golden=[{"file": "phantom.png", "probabilities": {"x": 1.0}}]),
    "file outside of the bundle": _edit_manifest(files={"../weights.npz": "0" * 64}),
    "weights without checksum": _edit_manifest(files={}),
}


@pytest.mark.parametrize("name", _DAMAGE)
def test_bundle_that_is_not_whole_is_refused(folder: Path, name: str) -> None:
    _DAMAGE[name](folder)
    with pytest.raises(BundleInvalid):
        read_bundle(folder)


def test_weights_of_another_network_are_refused(folder: Path) -> None:
    with pytest.raises(BundleInvalid, match="not those of vgg16"):
        load_network(read_bundle(folder))


def test_network_is_vgg16_to_the_letter() -> None:
    network = build_vgg16(4, 128)
    convolutions = convolution_layers(network)
    assert sum(layer.count_params() for layer in convolutions) == 14_714_688
    assert [layer.name for layer in network.layers[-6:]] == [
        *("block5_pool", "flatten", "dropout_features", "dense", "dropout_dense", "logits"),
    ]
    assert network.get_layer(LAST_CONVOLUTION) is convolutions[-1]
    assert network.output.shape == (None, 4)
    # Half precision: two bytes a weight, and the bundle has 35 MB.
    assert network.count_params() * 2 < 33 * 10**6


def test_the_last_three_convolutions_learn_or_all_do() -> None:
    assert [layer.trainable for layer in convolution_layers(build_vgg16(4, 32))] == [False] * 10 + [True] * 3
    assert all(layer.trainable for layer in convolution_layers(build_vgg16(4, 32, "all")))
