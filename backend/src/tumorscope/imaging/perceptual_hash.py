"""A grey square in, the signs of its gradients out: few bits that survive noise and compression."""

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIDE = 8
HASH_BITS = 2 * _SIDE * _SIDE
"""Length of a hash."""


def hash_gradients(grey: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The difference hash of rows and of columns.

    Parameters
    ----------
    grey : ndarray, shape (side, side), float32, 0..1
        A picture.

    Returns
    -------
    ndarray, shape (128,), bool
        Whether it gets brighter towards the right, then downwards, from each of 8 x 8 cells to the next.
    """
    image = Image.fromarray((np.clip(grey, 0, 1) * 255).astype(np.uint8))
    hashes = imagehash.dhash(image, _SIDE).hash, imagehash.dhash_vertical(image, _SIDE).hash
    return np.concatenate([bits.ravel() for bits in hashes])
