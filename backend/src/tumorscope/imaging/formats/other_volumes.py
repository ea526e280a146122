"""FreeSurfer's MGH and MGZ files, NRRD, and pairs of header and image (Analyze 7.5, NIfTI-1, NRRD) in, NIfTI files out.

nibabel and pynrrd read the headers; the voxels keep their values.
"""

from collections.abc import Sequence
from typing import Literal

import nibabel
import numpy as np

from tumorscope.domain.errors import CorruptFile, ExpandsTooMuch, NoPixelData
from tumorscope.imaging.formats.compressed import read_begin, read_content
from tumorscope.imaging.formats.nifti import find_shape
from tumorscope.imaging.formats.nrrd import convert_nrrd, find_data_file, looks_like_nrrd
from tumorscope.imaging.source import DecodeLimits, SourceFile
from tumorscope.imaging.wrap_errors import as_corrupt_file

_MGH_BYTES, _HEADER_BYTES = 284, 348
# Analyze headers have no magic number, but no more than this either.
_MOST_HEADER_BYTES = 1024
_DAMAGED = "The header of the volume is damaged. Save or convert it again."
_MGH_TYPES = (0, 1, 3, 4)
_PAIR_MAGIC, _SINGLE_MAGIC = b"ni1\0", b"n+1\0"


def looks_like_mgh(data: bytes) -> bool:
    """Whether a file begins like MGH, compressed with gzip or not."""
    begin = read_begin(data, _MGH_BYTES)
    version, sizes, kind = begin[:4], np.frombuffer(begin[4:20].ljust(16, b"\0"), ">i4"), begin[20:24]
    return (
        len(begin) == _MGH_BYTES
        and int.from_bytes(version) == 1
        and bool((sizes > 0).all())
        and int.from_bytes(kind) in _MGH_TYPES
    )


def looks_like_pair_header(data: bytes) -> bool:
    """Whether a file is the header of a volume whose voxels are in another file."""
    if looks_like_nrrd(data):
        return find_data_file(data) is not None
    begin = read_begin(data, _MOST_HEADER_BYTES + 1)
    order: Literal["little", "big"] = "big" if begin[:1] == b"\0" else "little"
    is_header = int.from_bytes(begin[:4], order) == _HEADER_BYTES <= len(begin)
    if not is_header or begin[344:348] == _SINGLE_MAGIC:
        return False
    is_analyze = len(begin) <= _MOST_HEADER_BYTES and 1 <= int.from_bytes(begin[40:42], order) <= 7
    return begin[344:348] == _PAIR_MAGIC or is_analyze


def find_partner(header: SourceFile, files: Sequence[SourceFile]) -> SourceFile | None:
    """The image of a pair's header: the file that the header names, else the ``.img`` of the same name."""
    named, stem = find_data_file(header.data), _stem(header.name)
    for one in files:
        is_image = _stem(one.name) == stem and ".img" in one.name.lower() if named is None else one.name == named
        if one is not header and is_image:
            return one
    return None


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
        found.append(SourceFile(f"{_stem(file.name)}.nii", data))
    return [file for file in found if not any(file is image for image in images)]


def _convert_mgh(data: bytes, limits: DecodeLimits) -> bytes:
    with as_corrupt_file(_DAMAGED):
        old = nibabel.freesurfer.mghformat.MGHHeader(read_begin(data, _MGH_BYTES), check=False)
        header = nibabel.Nifti1Header(endianness=">")
        header.set_data_dtype(old.get_data_dtype())
        header.set_data_shape(old.get_data_shape())
        header.set_sform(old.get_affine(), int(old["goodRASFlag"] == 1))
        header["pixdim"][1:4] = np.abs(old["delta"])
    return _join(header, data, _MGH_BYTES, limits)


def _convert_pair(begin: bytes, image: bytes, limits: DecodeLimits) -> bytes:
    block = read_begin(begin, _HEADER_BYTES)
    with as_corrupt_file(_DAMAGED):
        if block[344:348] == _PAIR_MAGIC:
            header = nibabel.Nifti1Header(block, check=False)
            offset = int(header["vox_offset"])
            header["magic"] = _SINGLE_MAGIC
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
    header["vox_offset"] = _HEADER_BYTES + 4
    voxels = memoryview(read_content(image, offset + size))[offset : offset + size]
    return b"".join([header.binaryblock, bytes(4), voxels])


def _stem(name: str) -> str:
    """A file's name without the endings of containers, in lower case."""
    name = name.lower().removesuffix(".gz")
    return name.rsplit(".", 1)[0]
