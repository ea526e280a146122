"""A golden slice in, its file in a bundle out, and back: an image, or an array of several sequences."""

import io

import numpy as np

from tumorscope.domain.errors import BundleInvalid, InputError
from tumorscope.domain.scan import Slice
from tumorscope.imaging.decode import decode_image

# Golden slices are trusted; this only stops an absurd header.
_MAX_PIXELS = 4_000_000
_ARRAYS_SUFFIX = ".npz"


def encode_channels(scan: Slice) -> bytes:
    """Encode a slice of several sequences as an ``.npz`` file: float16 z-scores ``pixels``, and ``channels``."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, pixels=scan.pixels.astype(np.float16), channels=np.array(scan.channels))
    return buffer.getvalue()


def read_golden(name: str, content: bytes) -> Slice:
    """Decode a golden file: an ``.npz`` file of several sequences, or any image.

    Raises
    ------
    BundleInvalid
        It cannot be decoded.
    """
    try:
        if not name.endswith(_ARRAYS_SUFFIX):
            return decode_image(content, _MAX_PIXELS)
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            channels = tuple(str(channel) for channel in arrays["channels"])
            return Slice(arrays["pixels"].astype(np.float32), "npz", modality="MR", channels=channels)
    except InputError as error:
        raise BundleInvalid(f"{name} cannot be decoded: {error}") from error
    # NumPy and zipfile raise various exceptions; the checksum is right, so the bundle was written wrongly.
    except Exception as error:
        raise BundleInvalid(f"{name} is not a golden slice") from error
