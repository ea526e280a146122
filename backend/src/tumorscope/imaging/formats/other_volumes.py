"""FreeSurfer's MGH and MGZ files, NRRD, and pairs of header and image (Analyze 7.5, NIfTI-1, NRRD) in, NIfTI files out.

nibabel and pynrrd read the headers; the voxels keep their values.
"""

from collections.abc import Sequence

import nibabel
import numpy as np

from tumorscope.domain.errors import CorruptFile, ExpandsTooMuch, NoPixelData
from tumorscope.imaging.formats.compressed import read_begin, read_content
from tumorscope.imaging.formats.nifti import find_shape
from tumorscope.imaging.formats.nrrd import convert_nrrd
from tumorscope.imaging.formats.signatures import (
    MGH_HEADER_BYTES,
    PAIR_HEADER_BYTES,
    PAIR_MAGIC,
    SINGLE_MAGIC,
    find_partner,
    find_stem,
    looks_like_mgh,
    looks_like_nrrd,
    looks_like_pair_header,
)
from tumorscope.imaging.source import DecodeLimits, SourceFile
from tumorscope.imaging.wrap_errors import as_corrupt_file

_DAMAGED = "The header of the volume is damaged. Save or convert it again."


def convert_to_nifti(files: Sequence[SourceFile], limits: DecodeLimits) -> list[SourceFile]:
    """NIfTI, MGH and NRRD files, and headers with their images, as NIfTI files, each pair as one.

    Raises
    ------
    NoPixelData
        A header comes without its image.
    CorruptFile
        A header cannot be read.
    ExpandsTooMuch
        A header states more than the limit.
    UnsupportedFormat, NotAnAnatomicalImage
        From `convert_nrrd`.
    """
    found = []
    images = []
    for file in files:
        image = None
        if looks_like_pair_header(file.data):
            image = find_partner(file, files)
            if image is None:
                raise NoPixelData(
                    "The file is the header of a volume whose voxels are in another file. Send both: .hdr and .img, or "
                    ".nhdr and the file that it names."
                )
            images.append(image)
        if looks_like_nrrd(file.data):
            data = convert_nrrd(file.data, None if image is None else image.data, limits)
        elif image is not None:
            data = _convert_pair(file.data, image.data, limits)
        elif looks_like_mgh(file.data):
            data = _convert_mgh(file.data, limits)
        else:
            found.append(file)
            continue
        found.append(SourceFile(f"{find_stem(file.name)}.nii", data))
    return [file for file in found if not any(file is image for image in images)]


def _convert_mgh(data: bytes, limits: DecodeLimits) -> bytes:
    with as_corrupt_file(_DAMAGED):
        old = nibabel.freesurfer.mghformat.MGHHeader(read_begin(data, MGH_HEADER_BYTES), check=False)
        header = nibabel.Nifti1Header(endianness=">")
        header.set_data_dtype(old.get_data_dtype())
        header.set_data_shape(old.get_data_shape())
        header.set_sform(old.get_affine(), int(old["goodRASFlag"] == 1))
        header["pixdim"][1:4] = np.abs(old["delta"])
    return _join(header, data, MGH_HEADER_BYTES, limits)


def _convert_pair(begin: bytes, image: bytes, limits: DecodeLimits) -> bytes:
    block = read_begin(begin, PAIR_HEADER_BYTES)
    with as_corrupt_file(_DAMAGED):
        if block[344:348] == PAIR_MAGIC:
            header = nibabel.Nifti1Header(block, check=False)
            offset = int(header["vox_offset"])
            header["magic"] = SINGLE_MAGIC
            return _join(header, image, offset, limits)
        old = nibabel.AnalyzeHeader(block, check=False)
        header = nibabel.Nifti1Header(endianness=old.endianness)
        for name in ("dim", "datatype", "bitpix", "descrip"):
            header[name] = old[name]
        # Analyze states no orientation that its writers agree on.
        header["pixdim"][1:] = np.abs(old["pixdim"][1:])
        return _join(header, image, int(old["vox_offset"]), limits)


def _join(header: nibabel.Nifti1Header, image: bytes, offset: int, limits: DecodeLimits) -> bytes:
    """A NIfTI file of a header, and of the voxels that begin at an offset in another file."""
    with as_corrupt_file(_DAMAGED):
        size = int(np.prod([float(length) for length in find_shape(header)])) * header.get_data_dtype().itemsize
    if offset < 0 or size < 0:
        raise CorruptFile(_DAMAGED)
    if offset + size > limits.expanded_bytes:
        raise ExpandsTooMuch(
            f"The volume needs more than {limits.expanded_bytes // 2**20} MiB. Send it at its original resolution."
        )
    limits.reserve(2 * (offset + size))
    header["vox_offset"] = PAIR_HEADER_BYTES + 4
    voxels = memoryview(read_content(image, offset + size))[offset : offset + size]
    return b"".join([header.binaryblock, bytes(4), voxels])
