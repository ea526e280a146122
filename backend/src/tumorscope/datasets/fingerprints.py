"""Examples in, their fingerprints out: a checksum of the pixels and perceptual hashes."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tumorscope.datasets.alignment import Placement, Rectangle, Square, orient, zoom
from tumorscope.datasets.example import Example, ImageFileReference, read_example
from tumorscope.domain.scan import Slice
from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input

ORIENTATIONS = 8
"""Rotations by 0, 90, 180 and 270 degrees, each also mirrored."""

_HASH_SIDE = 8
HASH_BITS = 2 * _HASH_SIDE**2
"""Length of a perceptual hash."""

_PREPROCESSING = PreprocessingParameters(size=128)


def _place_crop(share: float, down: int, across: int) -> Placement:
    """The part of an image that a crop leaves; `down` and `across`, from -1 to 1, say which side lost more."""
    return Placement(1 - share, 1 - share, down * share / 2, across * share / 2)


# Cropping to the head undoes most crops of an image, except where the head touches the border: these are the parts that
# cropping 5 % of some sides, or of all, leaves of it.
CROPS = (
    Placement(),
    _place_crop(0.05, 0, 0),
    _place_crop(0.1, 0, 0),
    _place_crop(0.05, 0, 1),
    _place_crop(0.05, 1, 0),
    _place_crop(0.05, 0, -1),
    _place_crop(0.05, -1, 0),
)
"""Candidate placements of one image on another, before finer alignment."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """The pixels of an image and their perceptual hashes.

    Parameters
    ----------
    grey : ndarray, shape (128, 128), float16, 0..1
        The head, padded to a square.
    content : Rectangle
        The head without its padding.
    oriented : ndarray, shape (8, 128), bool
        Perceptual hash of each orientation.
    cropped : ndarray, shape (7, 128), bool
        Perceptual hash of each of `CROPS`.
    """

    grey: NDArray[np.float16]
    content: Rectangle
    oriented: NDArray[np.bool_]
    cropped: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What identifies an example's image.

    Parameters
    ----------
    example : Example
        Itself.
    sha256 : str
        Of the decoded pixels, their shape and type.
    appearance : Appearance, optional
        None for a slice of a volume: its neighbours, a millimetre away, are similar without being copies.
    """

    example: Example
    sha256: str
    appearance: Appearance | None


def take_fingerprints(examples: Sequence[Example], advance: Callable[[], None]) -> list[Fingerprint]:
    """Read examples and compute their fingerprints, in their order; `advance` is called once for each.

    Raises
    ------
    InputError
        A file cannot be decoded.
    """
    fingerprints = []
    for example in examples:
        scan = read_example(example)
        appearance = _describe(scan) if isinstance(example.image, ImageFileReference) else None
        fingerprints.append(Fingerprint(example, _hash_pixels(scan), appearance))
        advance()
    return fingerprints


def _hash_pixels(scan: Slice) -> str:
    content = hashlib.sha256(f"{scan.pixels.shape} {scan.pixels.dtype} ".encode())
    content.update(np.ascontiguousarray(scan.pixels).tobytes())
    return content.hexdigest()


def _describe(scan: Slice) -> Appearance:
    prepared = to_model_input(scan, _PREPROCESSING)
    grey: Square = prepared.pixels[:, :, 0]
    geometry = prepared.geometry
    # Hashes have 8 x 8 cells: a quarter of the pixels gives the same ones, in less time.
    half = grey.reshape(64, 2, 64, 2).mean(axis=(1, 3))
    scale = geometry.size / geometry.square_side
    top, left = round(geometry.pad_top * scale), round(geometry.pad_left * scale)
    bottom = round((geometry.pad_top + geometry.crop.height) * scale)
    right = round((geometry.pad_left + geometry.crop.width) * scale)
    return Appearance(
        grey.astype(np.float16),
        (top, max(bottom, top + 1), left, max(right, left + 1)),
        np.stack([_hash_gradients(orient(half, orientation)) for orientation in range(ORIENTATIONS)]),
        np.stack([_hash_gradients(zoom(half, crop)) for crop in CROPS]),
    )


def _hash_gradients(grey: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The difference hash of rows and of columns, shape (128,), of a square in 0..1: few bits that survive compression.

    Its bits say whether the square gets brighter towards the right, then downwards, between 8 x 8 neighbours.
    """
    image = Image.fromarray((np.clip(grey, 0, 1) * 255).astype(np.uint8))
    hashes = imagehash.dhash(image, _HASH_SIDE).hash, imagehash.dhash_vertical(image, _HASH_SIDE).hash
    return np.concatenate([bits.ravel() for bits in hashes])
