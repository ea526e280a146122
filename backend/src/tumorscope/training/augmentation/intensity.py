"""A prepared channel in, the same anatomy from another coil, another protocol or a worse scanner out."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Grey = NDArray[np.float32]
"""One channel of a prepared slice: shape (size, size), float32, 0..1."""

# Widths are stated for this side and scale with the picture.
_REFERENCE_SIZE = 128


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
