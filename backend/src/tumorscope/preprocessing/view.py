"""A Slice in, a PNG for display out."""

import numpy as np

from tumorscope.domain.scan import Slice
from tumorscope.imaging.formats.raster import encode_png
from tumorscope.preprocessing.brain import scale_scores
from tumorscope.preprocessing.intensity import bring_within_range, scale_to_window


def encode_view(scan: Slice, window: tuple[float, float] | None) -> bytes:
    """Encode the whole slice as an 8-bit grey PNG with the model's intensity window.

    Parameters
    ----------
    scan : Slice
        Of any size.
    window : (float, float), optional
        Intensities that become black and white; None for a slice of several sequences, whose first is encoded.
    """
    if window is None:
        scaled = scale_scores(scan.pixels)[:, :, 0]
    else:
        scaled = scale_to_window(bring_within_range(scan.pixels), window)
    scaled *= 255
    return encode_png(np.rint(scaled, out=scaled).astype(np.uint8))
