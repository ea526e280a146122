"""Prepared slices in, varied ones out: what a second scan of the same head could have looked like."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tumorscope.training.augmentation.intensity import (
    Grey,
    add_bias_field,
    add_noise,
    blur,
    change_gamma,
    move_window,
    reduce_resolution,
)
from tumorscope.training.augmentation.spatial import Prepared, flip, rotate_scale_shift

Variation = Callable[[Prepared, np.random.Generator], Prepared]


@dataclass(frozen=True, slots=True)
class Augmentation:
    """One way to vary a prepared slice.

    Parameters
    ----------
    name : str
        Of the step, as logs and pictures show it.
    apply : callable
        (prepared (size, size, channels) float32 0..1, generator) to the same shape and range.
    probability : float
        Share of the pictures that it varies.
    moves : bool
        Whether it moves the head in the picture, so that what is marked in the picture must move with it.
    """

    name: str
    apply: Variation
    probability: float
    moves: bool = False


def augment(
    prepared: Prepared, marked: Grey, augmentations: tuple[Augmentation, ...], rng: np.random.Generator
) -> tuple[Prepared, Grey]:
    """Vary one slice, each augmentation with its probability, in order.

    Parameters
    ----------
    prepared : ndarray, shape (size, size, channels), float32, 0..1
        A prepared slice.
    marked : ndarray, shape (size, size), float32, 0..1
        What is marked in it: moves as the slice does, and keeps its values.
    augmentations : tuple of Augmentation
        In the order they are applied.
    rng : numpy.random.Generator
        The source of chance.

    Returns
    -------
    (ndarray, ndarray)
        Slice and marks, of the same shapes and ranges.
    """
    for augmentation in augmentations:
        if rng.random() >= augmentation.probability:
            continue
        if augmentation.moves:
            moved = augmentation.apply(np.concatenate([prepared, marked[:, :, None]], axis=2), rng)
            prepared, marked = moved[:, :, :-1], moved[:, :, -1]
        else:
            prepared = augmentation.apply(prepared, rng)
    return np.clip(prepared, 0, 1, dtype=np.float32), np.clip(marked, 0, 1, dtype=np.float32)


def per_channel(vary: Callable[[Grey, np.random.Generator], Grey]) -> Variation:
    """A variation of each channel on its own: sequences of one examination have noise and contrast of their own."""

    def apply(prepared: Prepared, rng: np.random.Generator) -> Prepared:
        channels = [vary(prepared[:, :, channel], rng) for channel in range(prepared.shape[2])]
        return np.stack(channels, axis=2)

    return apply


FLIP = Augmentation("flip", flip, 0.5, moves=True)
ROTATE_SCALE_SHIFT = Augmentation("rotation, scaling, shift", rotate_scale_shift, 1.0, moves=True)
CONTRAST = Augmentation("contrast curve", per_channel(change_gamma), 0.8)
BIAS_FIELD = Augmentation("bias field", per_channel(add_bias_field), 0.4)
WINDOW = Augmentation("intensity window", per_channel(move_window), 0.7)
BLUR = Augmentation("blur", per_channel(blur), 0.25)
RESOLUTION = Augmentation("resolution loss", per_channel(reduce_resolution), 0.15)
NOISE = Augmentation("noise", per_channel(add_noise), 0.5)

STANDARD = (FLIP, ROTATE_SCALE_SHIFT)
"""Rotation, scaling, flips and shifts: the standard recipe's."""
SCANNER = (CONTRAST, BIAS_FIELD, WINDOW, BLUR, RESOLUTION, NOISE)
"""What differs from scanner to scanner within one sequence."""
