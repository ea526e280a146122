"""A NIfTI file's header and voxels in, a refusal out where they are no anatomical MR: the format states no modality.

Each rule leaves room to the real MR volumes that it was tried on: a map that is missed meets the scope gate, an
examination that is refused meets nothing.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.errors import NotAnAnatomicalImage, NotAnMrImage
from tumorscope.domain.scan import Voxels

# Of nifti1.h: correlation to p-value, label and atlas, matrices and vectors, colours.
_STATISTICS, _LABELS, _VECTORS = range(2, 25), (1002, 1003), (1004, 1005, 1006, 1007, 2003, 2004)
_SPM_MAP = b"SPM{"
_SAMPLES = 2_000_000
# MR noise makes neighbours differ: of pairs outside the background, up to 23 % are equal in real volumes.
_FEW_VALUES, _EQUAL_NEIGHBOURS = 8, 0.7
# Smallest to median magnitude outside the background; up to 0.07 in real skull-stripped volumes.
_THRESHOLDED = 0.5
# Air and soft tissue in Hounsfield units, and the least share of the voxels in each.
_AIR_HU, _SOFT_TISSUE_HU, _LEAST_HU = (-1100, -900), (-150, 150), 0.05
# Mean chroma of the coloured voxels, of their brightest channel.
_COLOURFUL = 0.1
_SEND = "Send the MR volume itself."


def check_content(header: Any, stored: NDArray[Any], voxels: Voxels) -> None:  # noqa: ANN401  (nibabel ships no types)
    """Refuse what is no anatomical MR volume.

    Parameters
    ----------
    header : nibabel.Nifti1Header or nibabel.Nifti2Header
        For its intent and description.
    stored : ndarray, shape (i, j, k)
        As stored; structured for colour.
    voxels : ndarray, shape (i, j, k)
        Grey and scaled.

    Raises
    ------
    NotAnAnatomicalImage
        Labels or a mask, a statistical map, vectors or colours.
    NotAnMrImage
        The values are Hounsfield units.
    """
    intent = int(header["intent_code"])
    if intent in _VECTORS or _is_colourful(stored) or _is_vector(header, voxels):
        raise NotAnAnatomicalImage(f"The NIfTI file holds colours or vectors, not grey intensities. {_SEND}")
    step = max(1, round((voxels.size / _SAMPLES) ** (1 / 3)))
    sample: NDArray[Any] = voxels[::step, ::step, ::step]
    values, counts = np.unique(sample, return_counts=True)
    if intent in _LABELS or _is_piecewise_constant(voxels, step, values, counts):
        raise NotAnAnatomicalImage(f"The NIfTI file holds labels or a mask, not an image. {_SEND}")
    if intent in _STATISTICS or bytes(header["descrip"]).startswith(_SPM_MAP) or _is_thresholded(values, counts):
        raise NotAnAnatomicalImage(f"The NIfTI file holds a statistical map, not an image. {_SEND}")
    shares = [
        counts[(values >= low) & (values <= high)].sum() / sample.size for low, high in (_AIR_HU, _SOFT_TISSUE_HU)
    ]
    if min(shares) >= _LEAST_HU:
        raise NotAnMrImage("The NIfTI file holds Hounsfield units: it is a CT. Only MR images are accepted.")


def _is_colourful(stored: NDArray[Any]) -> bool:
    if stored.dtype.names is None:
        return False
    channels = np.stack([stored[name].ravel() for name in "RGB"]).astype(np.float32)
    brightest = channels.max(axis=0)
    return bool((brightest - channels.min(axis=0)).sum() > _COLOURFUL * brightest.sum())


def _is_vector(header: Any, voxels: Voxels) -> bool:  # noqa: ANN401
    """Whether the first of three volumes holds components of unit vectors, of both signs."""
    is_triple = header["dim"][0] > 3 and 3 in (header["dim"][4], header["dim"][5])
    return bool(is_triple and -1.001 <= voxels.min() < -0.5 and 0.5 < voxels.max() <= 1.001)


def _is_piecewise_constant(voxels: NDArray[Any], step: int, values: NDArray[Any], counts: NDArray[Any]) -> bool:
    """Whether there are few values, or most neighbours outside the background are equal."""
    if len(values) <= _FEW_VALUES and 1 < len(np.unique(voxels)) <= _FEW_VALUES:
        return True
    background = values[counts.argmax()]
    equal = []
    for axis in range(3):
        lines = np.moveaxis(voxels, axis, 0)[:, ::step, ::step]
        first, second = lines[:-1], lines[1:]
        inside = (first != background) | (second != background)
        equal.append(int(((first == second) & inside).sum()) / max(1, int(inside.sum())))
    # Not the largest: some volumes hold each slice twice.
    return len(values) > 1 and float(np.median(equal)) > _EQUAL_NEIGHBOURS


def _is_thresholded(values: NDArray[Any], counts: NDArray[Any]) -> bool:
    """Whether most is zero and no small value follows, as where a map shows what is significant."""
    zero = values == 0
    if counts[zero].sum() <= counts.sum() / 2 or zero.all():
        return False
    magnitudes = np.abs(values[~zero].astype(np.float64))
    order = np.argsort(magnitudes)
    reached = np.cumsum(counts[~zero][order])
    median = magnitudes[order][np.searchsorted(reached, reached[-1] / 2)]
    return bool(magnitudes.min() > _THRESHOLDED * median)
