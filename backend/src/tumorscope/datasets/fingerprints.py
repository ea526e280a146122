"""Examples in, what each is recognised by out."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorscope.datasets.alignment import Placement, Rectangle, Square, turn, zoom
from tumorscope.datasets.example import Example, ImageFileReference, read_example
from tumorscope.domain.scan import Slice
from tumorscope.imaging.perceptual_hash import hash_gradients
from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input

ORIENTATIONS = 8
"""Four quarter turns, each as it is and mirrored."""

_PREPROCESSING = PreprocessingParameters(size=128)


def _place_crop(share: float, down: int, across: int) -> Placement:
    """What is left of a picture after a crop; `down` and `across` tell at which side more was cut, from -1 to 1."""
    return Placement(1 - share, 1 - share, down * share / 2, across * share / 2)


# The head's own crop undoes most crops of a picture. Where the head touches the border it cannot: these are what 5 %
# off some sides, or all, leave of it.
CROPS = (
    Placement(),
    _place_crop(0.05, 0, 0),
    _place_crop(0.1, 0, 0),
    _place_crop(0.05, 0, 1),
    _place_crop(0.05, 1, 0),
    _place_crop(0.05, 0, -1),
    _place_crop(0.05, -1, 0),
)
"""How another picture may lie on the head of a picture, before finer alignment."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a picture looks.

    Parameters
    ----------
    grey : ndarray, shape (128, 128), float16, 0..1
        The head, padded to a square.
    content : Rectangle
        The head without its padding.
    turned : ndarray, shape (8, 128), bool
        Perceptual hash of each orientation.
    cropped : ndarray, shape (7, 128), bool
        Perceptual hash of each of `CROPS`.
    """

    grey: NDArray[np.float16]
    content: Rectangle
    turned: NDArray[np.bool_]
    cropped: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What an example is recognised by.

    Parameters
    ----------
    sha256 : str
        Of the decoded pixels, their shape and type.
    look : Look, optional
        None for a slice of a volume: its neighbours, a millimetre away, are alike and no copies.
    """

    sha256: str
    look: Look | None


def take_fingerprints(examples: Sequence[Example], advance: Callable[[], None]) -> list[Fingerprint]:
    """Read and reduce examples.

    Parameters
    ----------
    examples : sequence of Example
        Pictures or slices of volumes.
    advance : callable
        Called once an example.

    Returns
    -------
    list of Fingerprint
        In their order.

    Raises
    ------
    InputError
        A file cannot be decoded.
    """
    prints = []
    for example in examples:
        scan = read_example(example)
        look = _take_look(scan) if isinstance(example.image, ImageFileReference) else None
        prints.append(Fingerprint(_hash_pixels(scan), look))
        advance()
    return prints


def _hash_pixels(scan: Slice) -> str:
    content = hashlib.sha256(f"{scan.pixels.shape} {scan.pixels.dtype} ".encode())
    content.update(np.ascontiguousarray(scan.pixels).tobytes())
    return content.hexdigest()


def _take_look(scan: Slice) -> Look:
    prepared = to_model_input(scan, _PREPROCESSING)
    grey: Square = prepared.pixels[:, :, 0]
    geometry = prepared.geometry
    # Hashes have 8 x 8 cells: a quarter of the pixels gives the same ones, in less time.
    half = grey.reshape(64, 2, 64, 2).mean(axis=(1, 3))
    scale = geometry.size / geometry.square_side
    top, left = round(geometry.pad_top * scale), round(geometry.pad_left * scale)
    bottom = round((geometry.pad_top + geometry.crop.height) * scale)
    right = round((geometry.pad_left + geometry.crop.width) * scale)
    return Look(
        grey.astype(np.float16),
        (top, max(bottom, top + 1), left, max(right, left + 1)),
        np.stack([hash_gradients(turn(half, orientation)) for orientation in range(ORIENTATIONS)]),
        np.stack([hash_gradients(zoom(half, crop)) for crop in CROPS]),
    )
