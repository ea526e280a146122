"""Inputs for tests, made on the spot."""

from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.domain.scan import Slice
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.model.bundle import write_bundle
from tumorscope.model.manifest import GoldenManifest, InputManifest, Manifest, PreprocessingManifest


def make_slice(seed: int = 1, *, lesion: bool = False, size: int = 256) -> Slice:
    """A phantom, decoded."""
    return Slice(draw_phantom(seed, lesion, size), "png")


def make_picture(pixels: NDArray[Any], file_format: str = "PNG", **options: object) -> bytes:
    """A picture file of pixels: 8- or 16-bit grey, RGB or RGBA by their type and shape."""
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, file_format, **options)
    return buffer.getvalue()


def make_phantom_file(file_format: str = "PNG", seed: int = 1, *, lesion: bool = True, size: int = 256) -> bytes:
    """A phantom as a picture file."""
    return make_picture(draw_phantom(seed, lesion, size), file_format)


def make_huge_png(side: int = 30_000) -> bytes:
    """A PNG of side x side black pixels in about a hundred kilobytes."""
    buffer = BytesIO()
    Image.new("1", (side, side)).save(buffer, "PNG")
    return buffer.getvalue()


@lru_cache(maxsize=4)
def _random_weights(class_count: int, size: int) -> dict[str, NDArray[np.float32]]:
    from tumorscope.model.vgg16 import build_vgg16

    rng = np.random.default_rng(0)
    network = build_vgg16(class_count, size)
    weights = {}
    for variable in network.weights:
        fan_in = int(np.prod(variable.shape[:-1])) if len(variable.shape) > 1 else 1
        scale = np.sqrt(2 / fan_in) if len(variable.shape) > 1 else 0
        weights[variable.path] = (rng.standard_normal(variable.shape, np.float32) * scale).astype(np.float32)
    # Pixels enter on a scale of 0 to 255; the first layer takes it back, so that the logits stay small.
    weights["block1_conv1/kernel"] /= 255
    return weights


def make_manifest(class_names: tuple[str, ...] = DEFAULT_CLASS_NAMES, size: int = 32) -> Manifest:
    """A manifest without golden answers."""
    return Manifest(
        name="tiny",
        version="0.0.1",
        class_names=list(class_names),
        input=InputManifest(size=size),
        preprocessing=PreprocessingManifest(lower_percentile=0.5, upper_percentile=99.5, head_margin=0.02),
        temperature=1.0,
        tumor_threshold=0.5,
        intended_use="tests",
        limits=["knows nothing"],
        license="CC0-1.0",
        data=[],
        training={},
        metrics={},
        golden_tolerance=0.03,
        golden=[],
        files={},
    )


def write_tiny_bundle(folder: Path, class_names: tuple[str, ...] = DEFAULT_CLASS_NAMES, size: int = 32) -> Path:
    """A bundle of random weights that reproduces its golden answers, for a small input."""
    from tumorscope.imaging.decode import decode_picture
    from tumorscope.inference.classifier import Classifier, classify
    from tumorscope.inference.engines.tensorflow import TensorFlowEngine
    from tumorscope.model.bundle import Bundle

    weights = _random_weights(len(class_names), size)
    manifest = make_manifest(class_names, size)
    golden_files = {"phantom.png": make_phantom_file()}
    stored = {name: array.astype(np.float16) for name, array in weights.items()}
    bundle = Bundle(manifest, "", stored, golden_files)
    answer = classify(Classifier(bundle, TensorFlowEngine(bundle)), decode_picture(golden_files["phantom.png"], 10**6))
    golden = GoldenManifest(file="phantom.png", probabilities=dict(answer.prediction.probabilities))
    write_bundle(folder, manifest.model_copy(update={"golden": [golden]}), weights, golden_files)
    return folder
