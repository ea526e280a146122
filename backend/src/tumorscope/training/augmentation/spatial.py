"""A prepared slice in, the same head rotated, scaled, shifted or flipped out."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Prepared = NDArray[np.float32]
"""A prepared slice: shape (size, size, channels), float32, 0..1."""

_MAX_ANGLE = np.deg2rad(18)
_MAX_LOG_SCALE = 0.15
_MAX_LOG_STRETCH = 0.06
_MAX_SHIFT = 0.06


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
