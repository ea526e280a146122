"""A seed in, a synthetic head slice out: MRI-like, and recognisably synthetic."""

import numpy as np
from numpy.typing import NDArray

Canvas = NDArray[np.float64]

# Ellipses as (centre y, centre x, half height, half width), in units of half the image.
_SCALP = (0.0, 0.0, 0.88, 0.72)
_SKULL = (0.0, 0.0, 0.82, 0.66)
_DURA = (0.0, 0.0, 0.765, 0.605)
_CORTEX = (0.0, 0.0, 0.745, 0.585)
_VENTRICLES = ((-0.02, 0.085, 0.20, 0.055), (-0.02, -0.085, 0.20, 0.055))
_THALAMI = ((0.14, 0.13, 0.13, 0.09), (0.14, -0.13, 0.13, 0.09))


def draw_phantom(seed: int, lesion: bool, size: int = 512) -> NDArray[np.uint8]:
    """Draw an axial head slice.

    Parameters
    ----------
    seed : int
        Determines shape, texture, noise and lesion; the same seed draws the same head with and without lesion.
    lesion : bool
        Whether to draw a bright lesion with a dark core and a dim oedema.
    size : int
        Side of the image, in pixels.

    Returns
    -------
    ndarray, shape (size, size), uint8
        Air is 0.
    """
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    # The outline deviates from an ellipse, alike for every layer.
    wobble = 1 + 0.035 * _smooth_noise(rng, size, 4)
    rows, columns = rows * wobble * rng.uniform(0.96, 1.04), columns * wobble * rng.uniform(0.96, 1.04)
    folds = 0.16 * _smooth_noise(rng, size, 26)

    def fill(
        canvas: Canvas, ellipse: tuple[float, float, float, float], level: float | Canvas, rough: float = 0
    ) -> None:
        y, x, half_height, half_width = ellipse
        radius = np.hypot((rows - y) / half_height, (columns - x) / half_width) + rough * folds
        edge = np.clip((1 - radius) * size * min(half_height, half_width) / 3, 0, 1)
        canvas += edge * (level - canvas)

    image: Canvas = np.zeros((size, size))
    fill(image, _SCALP, 0.82 + 0.1 * _smooth_noise(rng, size, 12))
    fill(image, _SKULL, 0.10)
    fill(image, _DURA, 0.16)
    fill(image, _CORTEX, 0.36 + 0.03 * _smooth_noise(rng, size, 30))
    fill(image, (0.0, 0.0, 0.68, 0.52), 0.47 + 0.06 * _smooth_noise(rng, size, 16), rough=1.6)
    falx = np.abs(columns) < 0.006 + 0.004 * np.abs(folds) * 7
    image[falx & (np.abs(rows) > 0.26) & (np.hypot(rows / 0.745, columns / 0.585) < 1)] = 0.18
    for thalamus in _THALAMI:
        fill(image, thalamus, 0.39)
    for ventricle in _VENTRICLES:
        fill(image, ventricle, 0.12, rough=0.6)
    side, height, radius = rng.choice([-1.0, 1.0]), rng.uniform(-0.35, 0.3), rng.uniform(0.11, 0.16)
    if lesion:
        centre = (height, side * 0.3)
        fill(image, (*centre, radius * 1.6, radius * 1.5), 0.33, rough=0.8)
        fill(image, (*centre, radius, radius * 0.9), 0.92 + 0.06 * _smooth_noise(rng, size, 20), rough=0.7)
        fill(image, (*centre, radius * 0.45, radius * 0.4), 0.30, rough=1.0)
    shading = 1 + 0.08 * _smooth_noise(np.random.default_rng(seed + 1), size, 2)
    noise = np.random.default_rng(seed + 2).normal(0, 0.012, (2, size, size))
    # The magnitude of a complex signal has Rician noise.
    magnitude = np.hypot(image * shading + noise[0], noise[1])
    grey: NDArray[np.uint8] = np.clip(magnitude * 235, 0, 255).astype(np.uint8)
    return grey


def _smooth_noise(rng: np.random.Generator, size: int, cells: int) -> Canvas:
    """Noise with a wavelength of about 1/cells of the image, mean near 0, mostly within -1..1."""
    grid = rng.normal(0, 0.5, (cells + 3, cells + 3))
    position = np.linspace(0, cells, size, endpoint=False)
    index = position.astype(int)
    weights = _cubic_weights(position - index)
    by_row = np.sum([weights[k][:, None] * grid[index + k] for k in range(4)], axis=0)
    smooth: Canvas = np.sum([weights[k] * by_row[:, index + k] for k in range(4)], axis=0)
    return smooth


def _cubic_weights(t: Canvas) -> tuple[Canvas, Canvas, Canvas, Canvas]:
    """Uniform cubic B-spline weights of the four grid points around a position with fraction t."""
    return (1 - t) ** 3 / 6, (3 * t**3 - 6 * t**2 + 4) / 6, (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6, t**3 / 6
