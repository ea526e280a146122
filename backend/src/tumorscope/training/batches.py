"""An epoch's samples in, its augmented batches out; a thread prepares them while the network computes."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorscope.training.augmentation import Augmentation, augment
from tumorscope.training.networks import to_input
from tumorscope.training.samples import Sample, mark_allowed, mark_tumor

_BATCHES_AHEAD = 8


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step learns from.

    Parameters
    ----------
    pixels : ndarray, shape (n, size, size, 3), float32, 0..1
        Augmented.
    allowed : ndarray, shape (n, classes), float32, 0 or 1
        Classes that its label allows.
    tumor_map : ndarray, shape (n, size / 16, size / 16, 2), float32
        Share of tumour in each cell, and whether it is known; see `loss.tumor_map_loss`.
    """

    pixels: NDArray[np.float32]
    allowed: NDArray[np.float32]
    tumor_map: NDArray[np.float32]


def draw_batches(
    samples: Sequence[Sample],
    class_names: tuple[str, ...],
    augmentations: tuple[Augmentation, ...],
    batch_size: int,
    seed: tuple[int, ...],
) -> Iterator[Batch]:
    """Every sample once, shuffled and augmented; the same seed gives the same batches."""
    order = np.random.default_rng(seed).permutation(len(samples))

    def make(start: int) -> Batch:
        rng = np.random.default_rng((*seed, start))
        chosen = [samples[i] for i in order[start : start + batch_size]]
        pixels, maps = [], []
        for sample in chosen:
            marked, known = mark_tumor(sample)
            varied, moved = augment(sample.pixels.astype(np.float32), marked, augmentations, rng)
            pixels.append(varied)
            maps.append(to_cells(moved, known))
        allowed = np.stack([mark_allowed(sample.label, class_names) for sample in chosen])
        return Batch(to_input(np.stack(pixels)), allowed, np.stack(maps))

    starts = list(range(0, len(order), batch_size))
    with ThreadPoolExecutor(max_workers=1) as executor:
        ahead = deque(executor.submit(make, start) for start in starts[:_BATCHES_AHEAD])
        for position in range(len(starts)):
            batch = ahead.popleft().result()
            if position + _BATCHES_AHEAD < len(starts):
                ahead.append(executor.submit(make, starts[position + _BATCHES_AHEAD]))
            yield batch


def to_cells(marked: NDArray[np.float32], known: float) -> NDArray[np.float32]:
    """Marks as shares of the last feature map's cells.

    Parameters
    ----------
    marked : ndarray, shape (size, size), float32, 0..1
        1 on tumour.
    known : float
        1.0 where the marks can be believed, else 0.0.

    Returns
    -------
    ndarray, shape (size / 16, size / 16, 2), float32
        The share of each cell, and `known` for each.
    """
    # Four poolings come before the last feature map.
    side = 16
    cells = marked.shape[0] // side
    shares = marked.reshape(cells, side, cells, side).mean(axis=(1, 3))
    return np.stack([shares, np.full_like(shares, known)], axis=2)
