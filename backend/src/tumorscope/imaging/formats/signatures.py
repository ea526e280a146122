"""The bytes of a file in, its format out.

Without the libraries that read it: pydicom and nibabel take 40 MiB and a third of a second, which the service spends in
its decoders only.
"""

import re
from collections.abc import Sequence
from pathlib import PureWindowsPath
from typing import Literal

import numpy as np

from tumorscope.imaging.formats.compressed import read_begin
from tumorscope.imaging.source import SourceFile

PREAMBLE = 128
DICOM_MAGIC = b"DICM"

# The tag of Pixel Data as files begin it, unless they are big-endian.
_PIXEL_DATA = b"\xe0\x7f\x10\x00"
_DEFLATED = b"1.2.840.10008.1.2.1.99"
# Values of Image Type. Of the first one's letters Siemens makes names in every file.
_TILED = (b"\\MOSAIC", b"\\VFRAME")
# Number of Frames, with its VR or without, that is not 1.
_FRAMES = re.compile(rb"\x28\x00\x08\x00(?!(IS\x02\x00|\x02\x00\x00\x00)1[ \x00])")
# A file without a preamble begins with group 2 or 8, and a plausible length or VR.
_FIRST_GROUPS = (b"\x02\x00", b"\x08\x00")

NIFTI_HEADER_BYTES = 540
"""Of the longer kind, NIfTI-2."""
_NIFTI_MAGIC = {348: (slice(344, 348), b"n+1\0"), 540: (slice(4, 8), b"n+2\0")}

MGH_HEADER_BYTES = 284
_MGH_TYPES = (0, 1, 3, 4)

PAIR_HEADER_BYTES = 348
PAIR_MAGIC, SINGLE_MAGIC = b"ni1\0", b"n+1\0"
# Analyze headers have no magic number, but no more than this either.
_MOST_PAIR_BYTES = 1024

_NRRD_MAGIC = re.compile(rb"NRRD\d{4}\s")
# With the gradients of a diffusion image, or the names of a segmentation.
_MOST_NRRD_BYTES = 2**18
_END = re.compile(rb"\r?\n\r?\n")
_DATA_FILE = re.compile(rb"^data ?file:([^\r\n]*)", re.MULTILINE)


def looks_like_dicom(data: bytes) -> bool:
    """Whether a file begins like DICOM, with or without a preamble (DICOM PS3.10, section 7.1)."""
    if data[PREAMBLE : PREAMBLE + len(DICOM_MAGIC)] == DICOM_MAGIC:
        return True
    if data[:2] not in _FIRST_GROUPS or len(data) < 16:
        return False
    # The first element's number is low; then comes a VR in capitals, or a small implicit length.
    number = int.from_bytes(data[2:4], "little")
    is_explicit = data[4:6].isalpha() and data[4:6].isupper()
    return number <= 0x18 and (is_explicit or int.from_bytes(data[4:8], "little") <= 256)


def may_hold_frames(data: bytes) -> bool:
    """Whether a DICOM file may hold several frames or tiles: it says so, or is rare (deflated, big-endian, cut)."""
    end = data.find(_PIXEL_DATA)
    header = data[: max(end, 0)]
    return (
        not header
        or _DEFLATED in header
        or any(name in header for name in _TILED)
        or _FRAMES.search(header) is not None
    )


def looks_like_nifti(data: bytes) -> bool:
    """Whether a file begins like NIfTI-1 or NIfTI-2, compressed with gzip or not."""
    return find_nifti_header_bytes(read_begin(data, NIFTI_HEADER_BYTES)) is not None


def find_nifti_header_bytes(begin: bytes) -> int | None:
    """The size of the header of NIfTI-1 or NIfTI-2 that a file begins with; None of any other file."""
    for size, (place, magic) in _NIFTI_MAGIC.items():
        if begin[place] == magic and size in (int.from_bytes(begin[:4], order) for order in ("little", "big")):
            return size if len(begin) >= size else None
    return None


def looks_like_mgh(data: bytes) -> bool:
    """Whether a file begins like MGH, compressed with gzip or not."""
    begin = read_begin(data, MGH_HEADER_BYTES)
    version, sizes, kind = begin[:4], np.frombuffer(begin[4:20].ljust(16, b"\0"), ">i4"), begin[20:24]
    return (
        len(begin) == MGH_HEADER_BYTES
        and int.from_bytes(version) == 1
        and bool((sizes > 0).all())
        and int.from_bytes(kind) in _MGH_TYPES
    )


def looks_like_pair_header(data: bytes) -> bool:
    """Whether a file is the header of a volume whose voxels are in another file."""
    if looks_like_nrrd(data):
        return find_data_file(data) is not None
    begin = read_begin(data, _MOST_PAIR_BYTES + 1)
    order: Literal["little", "big"] = "big" if begin[:1] == b"\0" else "little"
    is_header = int.from_bytes(begin[:4], order) == PAIR_HEADER_BYTES <= len(begin)
    if not is_header or begin[344:348] == SINGLE_MAGIC:
        return False
    is_analyze = len(begin) <= _MOST_PAIR_BYTES and 1 <= int.from_bytes(begin[40:42], order) <= 7
    return begin[344:348] == PAIR_MAGIC or is_analyze


def looks_like_nrrd(data: bytes) -> bool:
    """Whether a file begins like NRRD."""
    return _NRRD_MAGIC.match(data) is not None


def find_data_file(header: bytes) -> str | None:
    """The name, without folders, of the file that holds the voxels; None where the header states none."""
    head, _ = split_nrrd(header)
    stated = _DATA_FILE.search(head) if looks_like_nrrd(header) else None
    return None if stated is None else PureWindowsPath(stated[1].decode("utf-8", "replace").strip()).name


def split_nrrd(data: bytes) -> tuple[bytes, bytes]:
    """The header, and what follows the blank line after it."""
    end = _END.search(data, 0, _MOST_NRRD_BYTES)
    return (data[:_MOST_NRRD_BYTES], b"") if end is None else (data[: end.start()], data[end.end() :])


def find_partner(header: SourceFile, files: Sequence[SourceFile]) -> SourceFile | None:
    """The image of a pair's header: the file that the header names, else the ``.img`` of the same name."""
    named, stem = find_data_file(header.data), find_stem(header.name)
    for one in files:
        is_image = find_stem(one.name) == stem and ".img" in one.name.lower() if named is None else one.name == named
        if one is not header and is_image:
            return one
    return None


def find_stem(name: str) -> str:
    """A file's name without the endings of containers, in lower case."""
    name = name.lower().removesuffix(".gz")
    return name.rsplit(".", 1)[0]
