"""A NIfTI file's bytes in, a Volume in canonical orientation out, by nibabel."""

import gzip

import nibabel
import numpy as np

from tumorscope.domain.errors import CorruptFile
from tumorscope.domain.scan import Volume

_GZIP_MAGIC = b"\x1f\x8b"


def decode_nifti(data: bytes) -> Volume:
    """Decode a NIfTI-1 volume, compressed or not, and turn its axes to RAS+.

    Parameters
    ----------
    data : bytes
        The whole file, from a source that is trusted (training data): its size is not bounded here.

    Returns
    -------
    Volume
        With its affine.

    Raises
    ------
    CorruptFile
        nibabel cannot decode it, or it is not three-dimensional.
    """
    try:
        plain = gzip.decompress(data) if data.startswith(_GZIP_MAGIC) else data
        image = nibabel.as_closest_canonical(nibabel.Nifti1Image.from_bytes(plain))
        voxels = image.get_fdata(dtype=np.float32, caching="unchanged")
        voxels = np.nan_to_num(voxels, copy=not voxels.flags.writeable)
        spacing = [float(size) for size in image.header.get_zooms()[:3]]
        affine = np.asarray(image.affine, np.float64)
    # nibabel raises whatever its parsing meets (HeaderDataError, EOFError, zlib.error, ValueError, …).
    except Exception as error:
        raise CorruptFile("The file cannot be decoded as NIfTI.") from error
    if voxels.ndim != 3:
        raise CorruptFile(f"The NIfTI file has {voxels.ndim} axes; three are read.")
    return Volume(voxels, (spacing[0], spacing[1], spacing[2]), affine)
