"""A Volume in, the same with air as its darkest part out."""

from dataclasses import replace

import numpy as np

from tumorscope.domain.scan import Volume

# Less of a volume than this is no background.
_MIN_SHARE = 0.15
# What of the tissue is as dark as air may be drawn; the very darkest voxels are noise.
_DARK_PERCENTILE = 1.0


def darken_background(volume: Volume) -> Volume:
    """Put the air around a skull-stripped, z-scored brain below its tissue.

    Collections such as BraTS 2015 come with the brain scaled to mean 0 and the air left at 0, in the middle of the
    tissue's intensities: drawn as it is, the brain lies in grey fog.

    Parameters
    ----------
    volume : Volume
        In any units.

    Returns
    -------
    Volume
        The argument itself, unless all its corners hold one value, a good part of it has that value, and tissue is
        darker: then float32 with that value replaced by a dark one of the tissue, and nothing darker than it.
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
