"""Slice in, ModelInput out: the preprocessing of training and serving."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.errors import InvalidRequest, MissingModality
from tumorscope.domain.scan import Slice
from tumorscope.preprocessing.brain import find_brain, scale_scores
from tumorscope.preprocessing.intensity import bring_within_range, find_intensity_window, scale_to_window
from tumorscope.preprocessing.spatial import Geometry, find_head, resize_to_square

CHANNELS = 3
"""Input channels of VGG16; a grey slice fills all of them."""

Intensity = Literal["percentiles", "brain_zscore"]
"""How intensities are scaled to 0..1: between two percentiles of a grey slice's head, or from -5 to 5 standard
deviations of the brain in each sequence's volume."""


@dataclass(frozen=True, slots=True)
class PreprocessingParameters:
    """The preprocessing that the manifest states.

    Parameters
    ----------
    size : int
        Side of the model's square input, in pixels.
    percentiles : (float, float)
        Intensity percentiles within the head's box, mapped to 0 and 1.
    head_margin : float
        Added around the head, as a share of its larger side.
    intensity : {'percentiles', 'brain_zscore'}
        For grey slices, or for slices of several sequences.
    channels : tuple of str, optional
        The sequences of the three channels; only with ``brain_zscore``.

    Raises
    ------
    ValueError
        The channels do not fit the intensity.
    """

    size: int = 128
    percentiles: tuple[float, float] = (0.5, 99.5)
    head_margin: float = 0.02
    intensity: Intensity = "percentiles"
    channels: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if (self.intensity == "brain_zscore") != (self.channels is not None):
            raise ValueError("channels are named where the intensity is brain_zscore, and only there")
        if self.channels is not None and len(set(self.channels)) != CHANNELS:
            raise ValueError(f"{CHANNELS} different channels are named, not {self.channels}")


@dataclass(frozen=True, slots=True)
class ModelInput:
    """The input of the network.

    Parameters
    ----------
    pixels : ndarray, shape (size, size, 3), float32, 0..1
        The head, padded to a square; of a grey slice, the three channels are the same.
    geometry : Geometry
        The mapping between the square and the source slice.
    window : (float, float), optional
        Intensities of the source that became 0 and 1; None with ``brain_zscore``.
    """

    pixels: NDArray[np.float32]
    geometry: Geometry
    window: tuple[float, float] | None = None


def to_model_input(scan: Slice, parameters: PreprocessingParameters) -> ModelInput:
    """Prepare one slice.

    Parameters
    ----------
    scan : Slice
        Of at least 1 x 1 pixels, grey or with the channels of the parameters.
    parameters : PreprocessingParameters
        From the model's manifest.

    Returns
    -------
    ModelInput
        All zeros for a constant slice.

    Raises
    ------
    MissingModality
        The model needs several sequences, and the slice lacks one.
    InvalidRequest
        The model needs a grey slice, and this one has several sequences.
    """
    if parameters.channels is not None:
        return _prepare_channels(scan, parameters, parameters.channels)
    if scan.channels is not None:
        raise InvalidRequest(f"The model needs one sequence; several were uploaded: {', '.join(scan.channels)}.")
    pixels = bring_within_range(scan.pixels)
    crop = find_head(pixels, parameters.head_margin)
    head = pixels[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width]
    window = find_intensity_window(head, parameters.percentiles)
    scaled = scale_to_window(head, window)
    geometry = Geometry(scan.height, scan.width, crop, parameters.size)
    grey = resize_to_square(scaled, geometry)
    return ModelInput(np.repeat(grey[:, :, None], CHANNELS, axis=2), geometry, window)


def _prepare_channels(scan: Slice, parameters: PreprocessingParameters, names: tuple[str, ...]) -> ModelInput:
    given = scan.channels or ()
    missing = [name for name in names if name not in given]
    if missing:
        raise MissingModality(
            f"The model needs {', '.join(names)} of one case together; missing: {', '.join(missing)}."
        )
    pixels = scan.pixels[:, :, [given.index(name) for name in names]]
    crop = find_brain(pixels, parameters.head_margin)
    geometry = Geometry(scan.height, scan.width, crop, parameters.size)
    scaled = scale_scores(pixels[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width])
    squares = [resize_to_square(scaled[:, :, channel], geometry) for channel in range(CHANNELS)]
    return ModelInput(np.stack(squares, axis=2), geometry)
