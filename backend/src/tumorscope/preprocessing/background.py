"""A Volume in, the same with air as its darkest intensity out."""

from dataclasses import replace

import numpy as np

from tumorscope.domain.scan import Volume

# A smaller share of a volume is not its background.
_MIN_SHARE = 0.15
# Air gets this percentile of the tissue; the darkest voxels are noise.
_DARK_PERCENTILE = 1.0


def darken_background(volume: Volume) -> Volume:
    """Set the air around a skull-stripped, z-scored brain below its tissue.

    In collections such as BraTS 2015 the brain has mean 0 and the air stays at 0, in the middle of the tissue's
    intensities.

    Parameters
    ----------
    volume : Volume
        In any units.

    Returns
    -------
    Volume
        The argument itself, unless all corners have the same value, at least 15 % of the voxels have it, and tissue is
        darker: then float32 with that value, and every darker one, replaced by the tissue's first percentile.
    """
    voxels = volume.voxels
    corners = voxels[:: max(1, voxels.shape[0] - 1), :: max(1, voxels.shape[1] - 1), :: max(1, voxels.shape[2] - 1)]
    air = corners.flat[0]
    if (corners != air).any() or voxels.min() >= air:
        return volume
    outside = voxels == air
    if outside.mean() < _MIN_SHARE:
        return volume
    dark = np.float32(np.percentile(voxels[~outside], _DARK_PERCENTILE))
    if dark >= air:
        return volume
    darkened = np.maximum(voxels.astype(np.float32), dark)
    darkened[outside] = dark
    return replace(volume, voxels=darkened)
