"""A prepared slice of a whole head in, the same roughly without its skull out, as some collections show it."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Grey = NDArray[np.float32]
"""A slice in the model's square, shape (size, size), 0..1."""
Box = tuple[float, float, float, float]
"""Centre row, centre column, half height and half width, in pixels of the model's square."""

# Of the median of what is left: darker is bone or fluid.
_DARK = 0.4
_BRIGHT_PERCENTILE = 99.0
# Nothing is made brighter than by a factor of five.
_LEAST_BRIGHT = 0.2


def strip_skull(grey: Grey, box: Box | None, rng: np.random.Generator) -> tuple[Grey, Box | None] | None:
    """Remove the outer layers of the head, roughly.

    Parameters
    ----------
    grey : ndarray, shape (size, size), float32, 0..1
        A prepared slice.
    box : Box, optional
        The tumour's.
    rng : numpy.random.Generator
        Chooses how deep: 16 to 26 % of the way to the middle.

    Returns
    -------
    (ndarray, shape (size, size), float32, 0..1; Box or None), or None
        What is left, enlarged to fill the square and as bright as preprocessing makes it, and the tumour's place in it;
        None where too little is left or the tumour lies in what was taken.
    """
    size = grey.shape[0]
    head = ndimage.binary_fill_holes(ndimage.gaussian_filter(grey, size / 100) > 0.08)
    depth = ndimage.distance_transform_edt(head)
    limit = rng.uniform(0.16, 0.26) * depth.max()
    brain = _peel(grey, depth > limit)
    if not brain.any():
        return None
    rows, columns = np.flatnonzero(brain.any(axis=1)), np.flatnonzero(brain.any(axis=0))
    if brain.mean() < 0.15:
        return None
    if box is not None and brain[fill_ellipse(size, box)].mean() < 0.97:
        return None
    weight = np.clip((depth - limit) / (0.015 * size), 0, 1) * brain
    # Without the bright scalp, preprocessing gives the brain the whole range.
    bright = float(np.percentile(grey[brain], _BRIGHT_PERCENTILE))
    side = (max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1) * 1.04
    scale = side / size
    offset = (rows[0] + rows[-1] + 1 - side) / 2, (columns[0] + columns[-1] + 1 - side) / 2
    stripped = ndimage.affine_transform(
        grey * weight / max(bright, _LEAST_BRIGHT), [scale, scale], offset=offset, order=1, mode="constant"
    )
    kept: Grey = np.clip(stripped, 0, 1).astype(np.float32)
    if box is None:
        return kept, None
    return kept, ((box[0] - offset[0]) / scale, (box[1] - offset[1]) / scale, box[2] / scale, box[3] / scale)


def _peel(grey: Grey, brain: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without what is dark and open to the outside: bone that was left, and fluid between the gyri."""
    if not brain.any():
        return brain
    dark = brain & (grey < _DARK * np.median(grey[brain]))
    outside: NDArray[np.bool_] = ndimage.binary_propagation(~brain, mask=~brain | dark)
    return ~outside


def fill_ellipse(size: int, box: Box) -> NDArray[np.bool_]:
    """The pixels of a square, shape (size, size), that lie within the ellipse that fills a box."""
    rows, columns = np.mgrid[0:size, 0:size] + 0.5
    inside: NDArray[np.bool_] = np.hypot((rows - box[0]) / max(box[2], 1), (columns - box[1]) / max(box[3], 1)) <= 1
    return inside
