"""Copies of an image as collections hold them, each as a file."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from tests.factories import make_picture

Pixels = NDArray[np.uint8]


def _crop(pixels: Pixels, share: float) -> Pixels:
    down, across = (round(share * side) for side in pixels.shape)
    return np.ascontiguousarray(pixels[down : pixels.shape[0] - down, across : pixels.shape[1] - across])


def _rotate(pixels: Pixels, quarters: int) -> Pixels:
    return np.ascontiguousarray(np.rot90(pixels, quarters))


def _mirror(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(pixels[:, ::-1])


COPIES: Mapping[str, Callable[[Pixels], bytes]] = {
    "copied": make_picture,
    "mirrored": lambda pixels: make_picture(_mirror(pixels)),
    "upside-down": lambda pixels: make_picture(np.ascontiguousarray(pixels[::-1])),
    "rotated-90": lambda pixels: make_picture(_rotate(pixels, 1)),
    "rotated-180": lambda pixels: make_picture(_rotate(pixels, 2)),
    "rotated-270-mirrored": lambda pixels: make_picture(_mirror(_rotate(pixels, 3))),
    "jpeg-30": lambda pixels: make_picture(pixels, "JPEG", quality=30),
    "cropped": lambda pixels: make_picture(_crop(pixels, 0.05)),
    "cropped-half-as-much": lambda pixels: make_picture(_crop(pixels, 0.025)),
    "cropped-at-two-sides": lambda pixels: make_picture(
        np.ascontiguousarray(pixels[round(0.05 * pixels.shape[0]) :, round(0.05 * pixels.shape[1]) :])
    ),
    "cropped-mirrored-jpeg": lambda pixels: make_picture(_mirror(_crop(pixels, 0.05)), "JPEG", quality=40),
}
