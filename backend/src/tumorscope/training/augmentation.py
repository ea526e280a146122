"""A prepared slice in, a varied one out: what a second scan of the same head could have looked like."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Grey = NDArray[np.float32]


def augment(grey: Grey, rng: np.random.Generator) -> Grey:
    """Vary position and intensity.

    Parameters
    ----------
    grey : ndarray, shape (size, size), float32, 0..1
        A prepared slice.
    rng : numpy.random.Generator
        The source of chance.

    Returns
    -------
    ndarray, shape (size, size), float32, 0..1
        Flipped, turned, scaled, shifted; then blurred, its contrast bent, noise added.
    """
    return vary_intensity(vary_position(grey, rng), rng)


def vary_position(grey: Grey, rng: np.random.Generator) -> Grey:
    """Mirror left to right (half of the time; up to down a tenth), turn by ±18°, scale by ±15 %, shift by ±6 %."""
    size = grey.shape[0]
    angle = np.deg2rad(rng.uniform(-18, 18))
    zoom = np.exp(rng.uniform(-0.15, 0.15))
    stretch = np.exp(rng.uniform(-0.06, 0.06))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    mirror = np.diag([-1.0 if rng.random() < 0.1 else 1.0, -1.0 if rng.random() < 0.5 else 1.0])
    matrix = turn @ mirror @ np.diag([zoom * stretch, zoom / stretch])
    centre = np.full(2, (size - 1) / 2)
    offset = centre - matrix @ (centre + rng.uniform(-0.06, 0.06, 2) * size)
    moved: Grey = ndimage.affine_transform(grey, matrix, offset=offset, order=1, mode="constant")
    return moved


def vary_intensity(grey: Grey, rng: np.random.Generator) -> Grey:
    """Blur or lose resolution (a third of the time), bend the contrast, change gain, add noise (half of the time)."""
    varied = grey
    if rng.random() < 0.33:
        varied = ndimage.gaussian_filter(varied, rng.uniform(0.3, 1.2) * grey.shape[0] / 128)
    varied = np.clip(varied, 0, 1) ** np.float32(np.exp(rng.uniform(-0.5, 0.5)))
    if rng.random() < 0.3:
        varied = varied * _bias_field(grey.shape[0], rng)
    varied = varied * np.float32(rng.uniform(0.8, 1.25)) + np.float32(rng.uniform(-0.04, 0.04))
    if rng.random() < 0.5:
        varied = varied + rng.standard_normal(grey.shape, dtype=np.float32) * np.float32(rng.uniform(0, 0.05))
    clipped: Grey = np.clip(varied, 0, 1).astype(np.float32)
    return clipped


def _bias_field(size: int, rng: np.random.Generator) -> Grey:
    """A receive coil's smooth shading: a plane through 1 with a slope of up to ±25 % across the picture."""
    rows, columns = np.mgrid[-0.5 : 0.5 : size * 1j, -0.5 : 0.5 : size * 1j]
    slope = rng.uniform(-0.25, 0.25, 2)
    shading: Grey = (1 + slope[0] * rows + slope[1] * columns).astype(np.float32)
    return shading
