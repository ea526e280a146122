"""Slice in, ModelInput out: the one preprocessing, for training and serving alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.scan import Slice
from tumorscope.preprocessing.intensity import find_intensity_window, scale_to_window
from tumorscope.preprocessing.spatial import Geometry, find_head, resize_to_square

CHANNELS = 3
"""VGG16 takes three; a grey slice fills all of them."""


@dataclass(frozen=True, slots=True)
class PreprocessingParameters:
    """What the manifest says of preprocessing.

    Parameters
    ----------
    size : int
        Side of the model's square input, in pixels.
    percentiles : (float, float)
        Intensity percentiles, within the head's box, that become 0 and 1.
    head_margin : float
        Added around the head, as a share of its larger side.
    """

    size: int = 128
    percentiles: tuple[float, float] = (0.5, 99.5)
    head_margin: float = 0.02


@dataclass(frozen=True, slots=True)
class ModelInput:
    """What the network sees.

    Parameters
    ----------
    pixels : ndarray, shape (size, size, 3), float32, 0..1
        The head, padded to a square; the three channels are the same.
    geometry : Geometry
        How the square lies on the source slice.
    """

    pixels: NDArray[np.float32]
    geometry: Geometry


def to_model_input(scan: Slice, parameters: PreprocessingParameters) -> ModelInput:
    """Prepare one slice.

    Parameters
    ----------
    scan : Slice
        Of any size from 1 x 1.
    parameters : PreprocessingParameters
        The served model's own, from its manifest.

    Returns
    -------
    ModelInput
        All zeros for a constant slice.
    """
    crop = find_head(scan.pixels, parameters.head_margin)
    head = scan.pixels[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width]
    scaled = scale_to_window(head, find_intensity_window(head, parameters.percentiles))
    geometry = Geometry(scan.height, scan.width, crop, parameters.size)
    grey = resize_to_square(scaled, geometry)
    return ModelInput(np.repeat(grey[:, :, None], CHANNELS, axis=2), geometry)
