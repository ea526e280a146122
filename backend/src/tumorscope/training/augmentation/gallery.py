"""A slice in, a picture of what each augmentation makes of it out."""

import io

import numpy as np
from matplotlib.figure import Figure

from tumorscope.training.augmentation.pipeline import Augmentation
from tumorscope.training.augmentation.spatial import Prepared

_DRAWS = 5
_CELL_INCHES = 1.1


def draw_gallery(prepared: Prepared, augmentations: tuple[Augmentation, ...], seed: int) -> bytes:
    """One row an augmentation: the slice, and five draws of what the augmentation makes of it.

    Parameters
    ----------
    prepared : ndarray, shape (size, size, channels), float32, 0..1
        A prepared slice; its first channel is shown.
    augmentations : tuple of Augmentation
        Rows.
    seed : int
        The same seed gives the same picture.

    Returns
    -------
    bytes
        PNG.
    """
    figure = Figure(figsize=((_DRAWS + 3) * _CELL_INCHES, len(augmentations) * _CELL_INCHES), layout="constrained")
    cells = figure.subplots(len(augmentations), _DRAWS + 1, squeeze=False)
    for row, augmentation in zip(cells, augmentations, strict=True):
        rng = np.random.default_rng(seed)
        shown = [prepared, *(augmentation.apply(prepared, rng) for _ in range(_DRAWS))]
        for cell, picture in zip(row, shown, strict=True):
            cell.imshow(picture[:, :, 0], cmap="gray", vmin=0, vmax=1)
            cell.set_xticks([])
            cell.set_yticks([])
        row[0].set_ylabel(augmentation.name, rotation=0, ha="right", va="center", fontsize=9)
    cells[0, 0].set_title("before", fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100, metadata={"Software": None})
    return buffer.getvalue()
