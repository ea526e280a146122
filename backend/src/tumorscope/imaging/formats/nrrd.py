"""A NRRD file, or its header and its data file, in, a NIfTI file out; pynrrd reads the header."""

import re
from io import BytesIO
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.errors import CorruptFile, ExpandsTooMuch, NotAnAnatomicalImage, UnsupportedFormat
from tumorscope.imaging.formats.compressed import read_content
from tumorscope.imaging.formats.signatures import split_nrrd
from tumorscope.imaging.source import DecodeLimits
from tumorscope.imaging.wrap_errors import as_corrupt_file

_MOST_SKIPPED = 1000
_SEGMENT = re.compile(rb"^Segment\d+_ID:=", re.MULTILINE)
_FIELDS = re.compile(
    "(dimension|type|encoding|endian|sizes|kinds|spacings|units|space|space dimension|space directions|space origin|"
    "space units|line ?skip|byte ?skip):[^=]"
)
_RAW, _PACKED, _TEXT = "raw", ("gzip", "gz", "bzip2", "bz2"), ("ascii", "text", "txt", "hex")
# Towards right, anterior and superior; other spaces do not say where the patient lies.
_SPACES = {
    "right-anterior-superior": (1, 1, 1),
    "ras": (1, 1, 1),
    "left-anterior-superior": (-1, 1, 1),
    "las": (-1, 1, 1),
    "left-posterior-superior": (-1, -1, 1),
    "lps": (-1, -1, 1),
}
# Axes that do not make one value of several.
_REPEATS = {"domain", "space", "list", "time", "none", "stub", "scalar", "???"}
# Codes of NIfTI.
_UNITS = {"m": 1, "mm": 2, "um": 3, "µm": 3, "μm": 3, "micron": 3}
_PER_SECOND, _LABELS = 8, 1002


def convert_nrrd(data: bytes, detached: bytes | None, limits: DecodeLimits) -> bytes:
    """The first volume of a NRRD file as NIfTI.

    Parameters
    ----------
    data : bytes
        The whole file, or a header.
    detached : bytes, optional
        The whole data file of a header.
    limits : DecodeLimits
        Checked against the header before any memory is allocated.

    Raises
    ------
    CorruptFile
        The header is invalid, or the file is damaged or too short for it.
    ExpandsTooMuch
        The header states more than the limits.
    UnsupportedFormat
        The voxels are stored as text, or have not two or three axes in space.
    NotAnAnatomicalImage
        They are vectors or colours.
    """
    # 14 ms of every start, and of few files.
    import nrrd  # noqa: PLC0415

    head, content = split_nrrd(data)
    with as_corrupt_file("The header of the NRRD file is damaged. Save it again."):
        lines = head.decode("utf-8", "replace").splitlines()
        fields = nrrd.read_header([lines[0], *filter(_FIELDS.match, lines[1:])])
        encoding = fields["encoding"].lower()
        if encoding in _TEXT:
            raise UnsupportedFormat(f"The NRRD file stores its voxels as {encoding}. Save it as raw or gzip.")
        sizes = [int(size) for size in fields["sizes"]]
        # Of one value: the size of all is checked first.
        one = {**fields, "dimension": 1, "sizes": np.ones(1, int), "encoding": _RAW, "byte skip": 0, "line skip": 0}
        dtype = nrrd.read_data(one, BytesIO(bytes(8))).dtype
        axes = _find_axes(fields, sizes)
        header = _make_header(fields, sizes, axes, dtype)
        if _SEGMENT.search(head):
            header["intent_code"] = _LABELS
        stored = sizes[: axes[-1] + 1]
        size = int(np.prod(stored, dtype=object)) * dtype.itemsize
        line_skip, byte_skip = (
            int(fields.get(f"{unit} skip", fields.get(f"{unit}skip", 0))) for unit in ("line", "byte")
        )
        if encoding not in (_RAW, *_PACKED) or line_skip > _MOST_SKIPPED or (byte_skip < 0 and encoding != _RAW):
            raise CorruptFile("The header of the NRRD file does not say how its voxels are stored. Save it again.")
    needed = size + max(0, byte_skip)
    if needed + size > limits.expanded_bytes:
        raise ExpandsTooMuch(
            f"The volume needs more than {limits.expanded_bytes // 2**20} MiB. Send it at its original resolution."
        )
    limits.reserve(needed + 3 * size)
    rest = content if detached is None else detached
    begin = 0
    for _ in range(line_skip):
        begin = rest.find(b"\n", begin) + 1
    unpacked = read_content(rest[begin:], needed) if encoding in _PACKED else rest[begin:]
    if len(unpacked) < needed:
        raise CorruptFile("The NRRD file is shorter than its header states. Save it again.")
    # -1 stands for the bytes before the voxels, which end with the file.
    offset = byte_skip if byte_skip >= 0 else len(unpacked) - size
    voxels = np.frombuffer(unpacked, dtype, size // dtype.itemsize, offset).reshape(stored, order="F")
    first = voxels[tuple(slice(None) if axis in axes else 0 for axis in range(len(stored)))]
    little = first.astype(dtype.newbyteorder("<"), copy=False)
    return b"".join([header.binaryblock, bytes(4), little.tobytes(order="F")])


def _find_axes(fields: dict[str, Any], sizes: list[int]) -> list[int]:
    """The numbers of the axes in space."""
    kinds, directions = fields.get("kinds", ["???"] * len(sizes)), fields.get("space directions")
    if directions is not None:
        in_space = [axis for axis, way in enumerate(directions) if np.isfinite(way).all()]
    else:
        in_space = [axis for axis, kind in enumerate(kinds) if kind in ("domain", "space")] or [0, 1, 2][: len(sizes)]
    if len(sizes) != fields["dimension"] or min(sizes) < 1 or len(kinds) != len(sizes):
        raise CorruptFile("The header of the NRRD file contradicts itself. Save it again.")
    if len(in_space) not in (2, 3):
        raise UnsupportedFormat(
            "The NRRD file is no volume: it does not have two or three axes in space. Send the MR volume."
        )
    if not {kinds[axis].lower() for axis in range(len(sizes)) if axis not in in_space} <= _REPEATS:
        raise NotAnAnatomicalImage(
            "The NRRD file holds colours or vectors, not grey intensities. Send the MR volume itself."
        )
    return in_space


def _make_header(
    fields: dict[str, Any], sizes: list[int], axes: list[int], dtype: np.dtype[Any]
) -> nibabel.Nifti1Header:
    """The same size, place and type."""
    header = nibabel.Nifti1Header(endianness="<")
    header.set_data_dtype(dtype.newbyteorder("<"))
    count = int(np.prod(sizes, dtype=object)) // int(np.prod([sizes[axis] for axis in axes], dtype=object))
    shape = [*(sizes[axis] for axis in axes), 1][:3]
    header.set_data_shape([*shape, min(count, 32_767)] if count > 1 else shape)
    header["vox_offset"] = header["sizeof_hdr"] + 4
    units = fields.get("space units") or [fields["units"][axis] for axis in axes if "units" in fields] or [""]
    header["xyzt_units"] = _UNITS.get(units[0], 0) | _PER_SECOND * (count > 1)
    if "space directions" in fields:
        _place(header, fields, axes)
    elif "spacings" in fields:
        header["pixdim"][1 : len(axes) + 1] = [fields["spacings"][axis] for axis in axes]
    return header


def _place(header: nibabel.Nifti1Header, fields: dict[str, Any], axes: list[int]) -> None:
    ways: NDArray[np.float64] = fields["space directions"][axes, :3]
    if len(ways) == 2:
        normal = np.cross(ways[0], ways[1])
        ways = np.stack([*ways, normal / np.linalg.norm(normal)])
    header["pixdim"][1:4] = np.linalg.norm(ways, axis=1)
    sides = _SPACES.get(str(fields.get("space", "")).lower().removesuffix("-time").removesuffix("t"))
    if sides is None:
        return
    affine = np.eye(4)
    affine[:3, :3] = np.diag(sides) @ ways.T
    affine[:3, 3] = np.array(sides) * fields.get("space origin", np.zeros(3))[:3]
    header.set_sform(affine, 1)
