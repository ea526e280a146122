"""Small networks, pictures and recipes for the tests of training."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from tumorscope.datasets.example import Example
from tumorscope.datasets.skull_stripping import Box
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.model.vgg16 import build_vgg16, convolution_layers
from tumorscope.preprocessing.pipeline import PreprocessingParameters
from tumorscope.training.augmentation import STANDARD
from tumorscope.training.networks import build_training_network
from tumorscope.training.recipe import Card, Mixture, Recipe, Stage
from tumorscope.training.samples import Sample

FROZEN = 10
BOX: Box = (14.0, 11.0, 3.0, 3.0)
"""Beside the middle of a head of 32 x 32."""


def head(seed: int = 1, size: int = 128) -> NDArray[np.float32]:
    """A healthy prepared slice, shape (size, size)."""
    return np.divide(draw_phantom(seed, lesion=False, size=size), 255, dtype=np.float32)


def make_sample(label: str, seed: int = 1, size: int = 32, box: Box | None = None) -> Sample:
    """A head; with a box, bright there."""
    grey = head(seed, size)
    if box is not None:
        row, column, half_height, half_width = (int(value) for value in box)
        grey[row - half_height : row + half_height, column - half_width : column + half_width] = 1
    return Sample(grey[:, :, None].astype(np.float16), label, box=box)


def make_samples(count: int = 8, size: int = 32) -> list[Sample]:
    """Heads, the four classes in turn; tumours have a box."""
    labels = [DEFAULT_CLASS_NAMES[i % len(DEFAULT_CLASS_NAMES)] for i in range(count)]
    scale = size / 32
    box = (BOX[0] * scale, BOX[1] * scale, BOX[2] * scale, BOX[3] * scale)
    return [make_sample(label, i, size, None if label == "no_tumor" else box) for i, label in enumerate(labels)]


def small_network(size: int = 32, seed: int = 0) -> keras.Model:
    """VGG16 with random weights, of which the last three convolutions and the head learn."""
    keras.utils.set_random_seed(seed)
    network = build_vgg16(4, size)
    for layer in convolution_layers(network)[:FROZEN]:
        layer.trainable = False
    first = network.get_layer("block1_conv1")
    # Pixels enter on a scale of 0 to 255; the first layer takes it back.
    first.set_weights([first.get_weights()[0] / 255, np.zeros(64, np.float32)])
    return network


def training_network(size: int = 32, seed: int = 0) -> keras.Model:
    """`small_network` as it is trained: with batch normalisation and the map of tumour."""
    return build_training_network(small_network(size, seed), "float32", batch_norm=True, tumor_map=True)


def _read_nothing(_data: Path) -> Sequence[Example]:
    return ()


RECIPE = Recipe(
    name="small",
    class_names=DEFAULT_CLASS_NAMES,
    preprocessing=PreprocessingParameters(size=32),
    read_examples=_read_nothing,
    stages=(
        Stage(
            size=32,
            epochs=3,
            peak_learning_rate=1e-3,
            frozen_convolutions=FROZEN,
            mixture=Mixture(removal_max_share=1.0, lesions_inserted=2),
        ),
    ),
    augmentations=STANDARD,
    card=Card(model_name="small", intended_use="Tests.", license="Apache-2.0", limits=("All.",), data=()),
    initial_weights="none",
    batch_norm=True,
    tumor_map_weight=1.0,
    batch_size=4,
    label_smoothing=0.05,
    weight_decay=0.01,
    seed=1,
)


def with_patience(patience: int, epochs: int, rate: float) -> Recipe:
    """`RECIPE` with early stopping."""
    stage = replace(RECIPE.stages[0], epochs=epochs, patience=patience, peak_learning_rate=rate)
    return replace(RECIPE, stages=(stage,))
