"""A prepared channel in, the same anatomy in a contrast of no sequence out: shape tells, not brightness.

Where the sequence predicts the class, a network reads the sequence. Each of these keeps edges where they are and
changes which tissue is brighter, inside the head only: around a head it is dark in every sequence.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Grey = NDArray[np.float32]
"""One channel of a prepared slice: shape (size, size), float32, 0..1."""

_BACKGROUND = 0.06
_BEZIER_STEPS = np.linspace(0, 1, 64)


def invert_contrast(grey: Grey, rng: np.random.Generator) -> Grey:
    """T1-like becomes T2-like: tissue intensities are mirrored about their middle, with a gamma of 0.7 to 1.4."""
    head = find_head_weight(grey)
    inverted = np.clip(1.05 - grey, 0, 1) ** np.float32(np.exp(rng.uniform(-0.35, 0.35)))
    return _inside(grey, inverted, head)


def bend_along_bezier(grey: Grey, rng: np.random.Generator) -> Grey:
    """Map intensities along a random cubic Bezier curve, rising or falling (Zhou et al., arXiv 1908.06912)."""
    controls = rng.random((2, 2))
    ends = (0.0, 1.0) if rng.random() < 0.7 else (1.0, 0.0)
    t = _BEZIER_STEPS
    shares = np.stack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
    inputs = np.array([0, *np.sort(controls[0]), 1]) @ shares
    outputs = np.array([ends[0], *controls[1], ends[1]]) @ shares
    mapped = np.interp(grey, inputs, outputs).astype(np.float32)
    return _inside(grey, mapped, find_head_weight(grey))


def convolve_at_random(grey: Grey, rng: np.random.Generator) -> Grey:
    """Pass through a random shallow network, mixed with the original (GIN; Ouyang et al., arXiv 2111.12525)."""
    channels = grey[None] - np.float32(0.5)
    for outputs in (2, 2, 1):
        reach = int(rng.choice([1, 3]))
        kernels = rng.standard_normal((outputs, len(channels), reach, reach)).astype(np.float32)
        shifts = rng.standard_normal(outputs).astype(np.float32) * np.float32(0.2)
        channels = np.stack(
            [
                sum(
                    (
                        ndimage.convolve(channel, kernel, mode="nearest")
                        for channel, kernel in zip(channels, row, strict=True)
                    ),
                    start=shift,
                )
                for row, shift in zip(kernels, shifts, strict=True)
            ]
        )
        channels = np.where(channels > 0, channels, np.float32(0.1) * channels)
    head = find_head_weight(grey)
    inside = channels[0][head > 0.5]
    lower, upper = np.percentile(inside, (1, 99)) if inside.size else (0.0, 0.0)
    if upper - lower < 1e-6:
        return grey
    changed = np.clip((channels[0] - lower) / (upper - lower), 0, 1)
    share = np.float32(rng.uniform(0.3, 1))
    return _inside(grey, share * changed + (1 - share) * grey, head)


def find_head_weight(grey: Grey) -> Grey:
    """1 inside the head, 0 outside, soft between; shape (size, size)."""
    sigma = grey.shape[0] / 100
    filled = ndimage.binary_fill_holes(ndimage.gaussian_filter(grey, sigma) > _BACKGROUND)
    weight: Grey = ndimage.gaussian_filter(filled.astype(np.float32), sigma * 0.7)
    return weight


def _inside(grey: Grey, changed: NDArray[np.float32], head: Grey) -> Grey:
    placed: Grey = (grey * (1 - head) + changed * head).astype(np.float32)
    return placed
