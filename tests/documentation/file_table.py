"""What is read of each folder of real files, and of each kind of file that is made here, as docs/formats.md lists it.

    .venv/bin/python -m tests.documentation.file_table

Writes the tables again; needs the real files (TUMORSCOPE_DATA, else ../shared/data).
"""

import gzip
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray

from tests.factories import make_dicom_bytes, make_nifti_bytes, make_slice
from tumorscope.domain.errors import InputError
from tumorscope.domain.scan import Examination, Scan, Slice
from tumorscope.imaging.decode import decode_upload, sniff_upload
from tumorscope.imaging.series.study_files import find_studies
from tumorscope.imaging.slices import STACK_AXIS
from tumorscope.imaging.source import FROM_DISK, SourceFile

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"
DATA = Path(os.environ.get("TUMORSCOPE_DATA", Path(__file__).parents[3] / "shared" / "data"))
REAL, MADE = "real files", "made files"
_SLICES = 12


def write_real() -> list[str]:
    """Each folder of real files: its studies, and what is read of them."""
    rows = ["| folder | studies | what is read |", "| --- | --- | --- |"]
    folders = sorted(
        {path.parent for kind in ("dicom", "field") for path in (DATA / kind).rglob("*") if path.is_file()}
    )
    for folder in folders:
        studies = find_studies([folder], lambda _: False, lambda _: None)
        read = Counter(_read(list(map(_load, study))) for study in studies)
        answers = [f"{count} × {answer}" if count > 1 else answer for answer, count in sorted(read.items())]
        rows.append(f"| `{folder.relative_to(DATA)}` | {read.total()} | {'<br>'.join(answers)} |")
    return rows


def write_made() -> list[str]:
    """Each kind of file that `_MADE` makes, and what is read of it."""
    rows = ["| kind | what is read |", "| --- | --- |"]
    return rows + [f"| {kind} | {_read([SourceFile('', data) for data in make()])} |" for kind, make in _MADE.items()]


def replace_table(page: str, name: str, rows: list[str]) -> str:
    """The page with other rows between ``<!-- name -->`` and ``<!-- /name -->``."""
    begin, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
    before, rest = page.split(begin)
    return before + begin + "\n".join(rows) + end + rest.split(end)[1]


def _load(path: Path) -> SourceFile:
    return SourceFile(path.name, path.read_bytes())


def _read(files: list[SourceFile]) -> str:
    try:
        scan = decode_upload(sniff_upload(files), FROM_DISK)
    except InputError as error:
        return f"refused: `{error.code}`"
    warnings = ", ".join(f"`{code}`" for code in dict.fromkeys(warning.code for warning in scan.warnings))
    return f"{_describe(scan)}; {warnings}" if warnings else _describe(scan)


def _describe(scan: Scan) -> str:
    if isinstance(scan, Slice):
        return f"a slice, {scan.plane or 'plane unknown'}"
    volume = next(iter(scan.sequences.values())) if isinstance(scan, Examination) else scan
    count = volume.voxels.shape[STACK_AXIS[volume.plane]]
    return f"{count} slice{'s' * (count > 1)}, {volume.stated_plane or volume.plane}"


_HEADS = [make_slice(number + 1).pixels.astype(np.uint16) * 9 for number in range(_SLICES)]
_VOXELS = np.stack(_HEADS, axis=2)
_NRRD = (
    f"NRRD0005\ntype: uint16\ndimension: 3\nsizes: {' '.join(map(str, _VOXELS.shape))}\nendian: little\n"
    "encoding: raw\nspace: left-posterior-superior\nspace directions: (-1,0,0) (0,-1,0) (0,0,5)\n\n"
).encode()


def _make_series(said: Callable[[int], dict[str, object]]) -> list[bytes]:
    """Axial slices of 5 mm from feet to head, with other attributes for some."""
    return [
        make_dicom_bytes(
            pixels,
            **{  # type: ignore[arg-type]
                "InstanceNumber": z,
                "SOPInstanceUID": f"1.2.{z}",
                "ImagePositionPatient": [0, 0, 5 * z],
                "SliceThickness": 5,
                **said(z),
            },
        )
        for z, pixels in enumerate(_HEADS)
    ]


def _pair(second: dict[str, object]) -> Callable[[], list[bytes]]:
    """Two images at each place, of which every second one states something else."""

    def say(z: int) -> dict[str, object]:
        return {"ImagePositionPatient": [0, 0, 5 * (z // 2)], **(second if z % 2 else {})}

    return lambda: _make_series(say)


def _nifti(voxels: NDArray[np.generic], unit: int = 0, *, scale: float = 1.0, shear: float = 0.0) -> list[bytes]:
    affine = np.diag([scale, scale, 5 * scale, 1.0])
    affine[0, 2] = shear
    content = bytearray(make_nifti_bytes(voxels, affine))
    content[123] = unit
    return [bytes(content)]


_MADE: dict[str, Callable[[], list[bytes]]] = {
    "DICOM, magnitude and phase": _pair({"ImageType": ["ORIGINAL", "PRIMARY", "P"]}),
    "DICOM, two echoes": _pair({"EchoTime": 90}),
    "DICOM, two b-values": _pair({"DiffusionBValue": 1000.0}),
    "DICOM, two inversion times": _pair({"InversionTime": 700}),
    "DICOM, two time points": _pair({"TemporalPositionIdentifier": 2}),
    "DICOM, a series UID for each slice": lambda: _make_series(
        lambda z: {"SeriesInstanceUID": f"1.3.{z}", "SeriesNumber": 4}
    ),
    "DICOM, one position, different slice locations": lambda: _make_series(
        lambda z: {"ImagePositionPatient": [0, 0, 0], "SliceLocation": 5 * z}
    ),
    "DICOM, one position and nothing else": lambda: _make_series(lambda _: {"ImagePositionPatient": [0, 0, 0]}),
    "DICOM, orientation with jitter": lambda: _make_series(
        lambda z: {"ImageOrientationPatient": [1, 0, 0, 0, 1, 1e-6 * z]}
    ),
    "DICOM, slices shifted against each other": lambda: _make_series(
        lambda z: {"ImagePositionPatient": [0, 2 * z, 5 * z]}
    ),
    "DICOM, a slice missing": lambda: [data for z, data in enumerate(_make_series(lambda _: {})) if z != 4],
    "DICOM, three planes in one series": lambda: _make_series(
        lambda z: {
            "ImageOrientationPatient": ([1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, -1], [1, 0, 0, 0, 0, -1])[z % 3],
            "ImagePositionPatient": ([0, 0, z], [z, 0, 0], [0, z, 0])[z % 3],
        }
    ),
    "DICOM, tiles without a position": lambda: [
        make_dicom_bytes(np.block([_HEADS[:2], _HEADS[2:4]]), ImageType="MOSAIC")
    ],
    "DICOM, Imager Pixel Spacing alone": lambda: [
        make_dicom_bytes(_HEADS[0], PixelSpacing=None, ImagerPixelSpacing=[1, 1])
    ],
    "DICOM, pixels of 0.05 mm": lambda: [make_dicom_bytes(_HEADS[0], PixelSpacing=[0.05, 0.05])],
    "DICOM, a short T2 and a long diffusion series": lambda: [
        *_make_series(lambda _: {"SeriesInstanceUID": "1.3.1", "SeriesDescription": "t2_tse_tra"})[2:],
        *_make_series(lambda _: {"SeriesInstanceUID": "1.3.2", "SeriesDescription": "ep2d_diff"}),
    ],
    "DICOM, a knee": lambda: [make_dicom_bytes(_HEADS[0], BodyPartExamined="KNEE")],
    "MGH": lambda: [nibabel.MGHImage(_VOXELS.astype(np.int16), np.diag([1.0, 1.0, 5.0, 1.0])).to_bytes()],
    "NIfTI, with a text and an STL": lambda: [*_nifti(_VOXELS), b"Dear colleague", b"solid head"],
    "NIfTI, two volumes without names": lambda: [*_nifti(_VOXELS), *_nifti(_VOXELS[::-1])],
    "NRRD": lambda: [_NRRD + _VOXELS.tobytes(order="F")],
    "NRRD, voxels as text": lambda: [_NRRD.replace(b"raw", b"text") + b"1 2 3"],
    "MetaImage": lambda: [b"ObjectType = Image"],
    "tar behind gzip": lambda: [gzip.compress(bytes(257) + b"ustar" + bytes(250))],
    "7z": lambda: [b"7z\xbc\xaf\x27\x1c"],
    "HEIC": lambda: [b"\0\0\0\x18ftypheic"],
    "AVIF": lambda: [b"\0\0\0\x18ftypavif"],
    "JPEG 2000": lambda: [b"\0\0\0\x0cjP  \r\n\x87\n"],
    "gzip of DICOM": lambda: [gzip.compress(make_dicom_bytes(_HEADS[0]))],
    "NIfTI, in metres": lambda: _nifti(_VOXELS, 1, scale=0.001),
    "NIfTI, in micrometres": lambda: _nifti(_VOXELS, 3, scale=1000),
    "NIfTI, a head of 2 m": lambda: _nifti(_VOXELS, scale=8),
    "NIfTI, slices on the fourth axis": lambda: _nifti(_VOXELS[:, :, None]),
    "NIfTI, one slice at several times": lambda: _nifti(_VOXELS[:, :, None], 2 + 8),
    "NIfTI, axes that are not at right angles": lambda: _nifti(_VOXELS, shear=2),
    "NIfTI, labels": lambda: _nifti((_VOXELS > 900).astype(np.uint8)),
    "NIfTI, Hounsfield units": lambda: _nifti(np.where(_VOXELS > 200, 40 + _VOXELS // 90, -1000).astype(np.int16)),
}

if __name__ == "__main__":
    text = replace_table(PAGE.read_text(encoding="utf-8"), REAL, write_real())
    PAGE.write_text(replace_table(text, MADE, write_made()), encoding="utf-8")
