"""Prepared slices in, varied ones out: what a second scan of the same head could have looked like."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Grey = NDArray[np.float32]
"""One channel of a prepared slice: shape (size, size), float32, 0..1."""
Prepared = NDArray[np.float32]
"""A prepared slice: shape (size, size, channels), float32, 0..1."""
Variation = Callable[[Prepared, np.random.Generator], Prepared]

_MAX_ANGLE = np.deg2rad(18)
_MAX_LOG_SCALE = 0.15
_MAX_LOG_STRETCH = 0.06
_MAX_SHIFT = 0.06
# Widths are stated for this side and scale with the picture.
_REFERENCE_SIZE = 128


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


def flip(prepared: Prepared, rng: np.random.Generator) -> Prepared:
    """Flip left and right; once in six times also up and down, as in files with reversed rows."""
    flipped = prepared[:, ::-1]
    return flipped[::-1] if rng.random() < 1 / 6 else flipped


def rotate_scale_shift(prepared: Prepared, rng: np.random.Generator) -> Prepared:
    """Rotate by up to 18 degrees, scale by up to 15 % (6 % unevenly), shift by up to 6 % of the side; linear."""
    size = prepared.shape[0]
    angle = rng.uniform(-_MAX_ANGLE, _MAX_ANGLE)
    scale = np.exp(rng.uniform(-_MAX_LOG_SCALE, _MAX_LOG_SCALE))
    stretch = np.exp(rng.uniform(-_MAX_LOG_STRETCH, _MAX_LOG_STRETCH))
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = rotation @ np.diag([scale * stretch, scale / stretch])
    centre = np.full(2, (size - 1) / 2)
    offset = centre - matrix @ (centre + rng.uniform(-_MAX_SHIFT, _MAX_SHIFT, 2) * size)
    moved = np.empty_like(prepared)
    for channel in range(prepared.shape[2]):
        ndimage.affine_transform(
            prepared[:, :, channel], matrix, offset=offset, order=1, mode="constant", output=moved[:, :, channel]
        )
    return moved


def change_gamma(grey: Grey, rng: np.random.Generator) -> Grey:
    """Gamma between 0.6 and 1.65."""
    bent: Grey = np.clip(grey, 0, 1) ** np.float32(np.exp(rng.uniform(-0.5, 0.5)))
    return bent


def move_window(grey: Grey, rng: np.random.Generator) -> Grey:
    """Another intensity window: gain 0.8 to 1.25, offset up to 4 %."""
    return _clip(grey * np.float32(rng.uniform(0.8, 1.25)) + np.float32(rng.uniform(-0.04, 0.04)))


def add_bias_field(grey: Grey, rng: np.random.Generator) -> Grey:
    """A receive coil's bias field: smooth, of second order, up to about 35 % across the picture."""
    size = grey.shape[0]
    rows, columns = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j].astype(np.float32)
    a, b, c, d, e = rng.uniform(-0.18, 0.18, 5).astype(np.float32)
    return _clip(grey * np.exp(a * rows + b * columns + c * rows * columns + d * rows**2 + e * columns**2))


def add_noise(grey: Grey, rng: np.random.Generator) -> Grey:
    """Rician noise, of a standard deviation up to 6 %: what the magnitude of a noisy complex signal has."""
    deviation = np.float32(rng.uniform(0.005, 0.06))
    real, imaginary = rng.standard_normal((2, *grey.shape), dtype=np.float32) * deviation
    return _clip(np.hypot(grey + real, imaginary))


def blur(grey: Grey, rng: np.random.Generator) -> Grey:
    """A Gaussian of 0.3 to 1.2 pixels at 128 x 128."""
    blurred: Grey = ndimage.gaussian_filter(grey, rng.uniform(0.3, 1.2) * grey.shape[0] / _REFERENCE_SIZE)
    return blurred


def reduce_resolution(grey: Grey, rng: np.random.Generator) -> Grey:
    """Half to nine tenths of the pixels a side, in one or both directions, enlarged again."""
    size = grey.shape[0]
    kept = np.maximum(8, np.round(size * rng.uniform(0.5, 0.9, 2))).astype(int)
    if rng.random() < 0.5:
        kept[rng.integers(2)] = size
    small = ndimage.zoom(grey, kept / size, order=1, grid_mode=True, mode="nearest")
    enlarged = ndimage.zoom(small, size / np.array(small.shape), order=1, grid_mode=True, mode="nearest")
    return _clip(enlarged.astype(np.float32))


def _clip(grey: Grey) -> Grey:
    clipped: Grey = np.clip(grey, 0, 1).astype(np.float32, copy=False)
    return clipped


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
