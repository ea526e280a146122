"""The channels of a model in, the golden files of its bundle out: drawn heads, as that model reads them."""

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.scan import Slice, Volume
from tumorscope.imaging.formats.raster import encode_png
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.model.golden import encode_channels
from tumorscope.preprocessing.brain import normalise_brain

_PHANTOMS = {"phantom_plain": (1, False), "phantom_lesion_a": (1, True), "phantom_lesion_b": (2, True)}
# Half height and half width of an ellipse inside the phantom's skull, in units of half the image.
_BRAIN = (0.72, 0.56)
_BRAIN_SIZE = 240
# From the phantom's grey to a channel's: each sees the lesion in a contrast of its own.
_CURVES = (lambda grey: grey, lambda grey: 1.2 - grey, np.sqrt)


def draw_golden_files(channels: tuple[str, ...] | None) -> dict[str, bytes]:
    """The golden files of a bundle, by name: PNG for grey slices, ``.npz`` for sequences that are read together."""
    if channels is None:
        return {f"{name}.png": encode_png(draw_phantom(*drawn)) for name, drawn in _PHANTOMS.items()}
    return {f"{name}.npz": encode_channels(_draw_brain(*drawn, channels)) for name, drawn in _PHANTOMS.items()}


def _draw_brain(seed: int, lesion: bool, channels: tuple[str, ...]) -> Slice:
    """A phantom without its skull, in several contrasts, z-scored over the one slice."""
    grey = draw_phantom(seed, lesion, _BRAIN_SIZE).astype(np.float32) / 255 + np.float32(0.01)
    rows, columns = np.mgrid[-1 : 1 : _BRAIN_SIZE * 1j, -1 : 1 : _BRAIN_SIZE * 1j]
    brain = np.hypot(rows / _BRAIN[0], columns / _BRAIN[1]) < 1
    drawn = [_normalise(np.where(brain, curve(grey), 0)) for curve in _CURVES]
    return Slice(np.stack(drawn, axis=2), "npz", modality="MR", channels=channels)


def _normalise(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    volume = Volume(grey.astype(np.float32)[:, :, None], (1.0, 1.0, 1.0))
    return normalise_brain(volume).voxels[:, :, 0].astype(np.float32, copy=False)
