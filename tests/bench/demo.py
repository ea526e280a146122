"""What the demos that Tumorscope is compared with have in common: the picture resized whole, the float32 network."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from PIL import Image

from tumorscope.inference.classifier import calibrate
from tumorscope.model.bundle import read_bundle
from tumorscope.model.vgg16 import load_network

Classify = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def open_picture(content: bytes, size: int) -> NDArray[np.float32]:
    """Pixels, shape (1, size, size, 3), 0..1."""
    picture = Image.open(io.BytesIO(content)).convert("RGB").resize((size, size))
    return np.asarray(picture, dtype=np.float32)[None] / np.float32(255)


class Demo:
    """The bundle's network, and what its numbers mean."""

    def __init__(self) -> None:
        bundle = read_bundle(Path(os.environ["TUMORSCOPE_BUNDLE"]))
        self.size = bundle.manifest.input.size
        self.network = load_network(bundle)
        self._manifest = bundle.manifest

    def compile(self) -> Classify:
        """As a graph, warm."""
        call = tf.function(
            lambda pixels: self.network(pixels, training=False),
            input_signature=[tf.TensorSpec([None, self.size, self.size, 3], tf.float32)],
        )
        call(tf.zeros([1, self.size, self.size, 3]))
        return lambda pixels: np.asarray(call(tf.constant(pixels)))

    def answer(self, content: bytes, classify: Classify) -> dict[str, float]:
        """Probabilities by class."""
        row = calibrate(
            classify(open_picture(content, self.size)), self._manifest.temperature, self._manifest.uniform_weight
        )[0]
        return dict(zip(self._manifest.class_names, row.tolist(), strict=True))
