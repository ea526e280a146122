"""What is read of each folder of real files, and of each kind of file that is made here, as docs/formats.md lists it.

    .venv/bin/python -m tests.documentation.file_table

Writes the tables again; needs the real files (TUMORSCOPE_DATA, else ../shared/data).
"""

import gzip
import io
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedSRStorage

from tests.factories import (
    make_dicom_bytes,
    make_dicom_dataset,
    make_nifti_bytes,
    make_nrrd_bytes,
    make_phantom_file,
    make_slice,
    write_dicom,
)
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
    for folder, studies in find_real():
        read = Counter(map(_read, studies))
        answers = [f"{count} × {answer}" if count > 1 else answer for answer, count in sorted(read.items())]
        rows.append(f"| `{folder}` | {read.total()} | {'<br>'.join(answers)} |")
    return rows


def write_made() -> list[str]:
    """Each kind of file that `_MADE` makes, and what is read of it."""
    rows = ["| kind | what is read |", "| --- | --- |"]
    return rows + [f"| {kind} | {_read(files)} |" for kind, files in make_all()]


def make_all() -> Iterator[tuple[str, list[SourceFile]]]:
    """The kinds of `_MADE` and their files."""
    for kind, make in _MADE.items():
        files = make()
        named = files.items() if isinstance(files, dict) else (("", data) for data in files)
        yield kind, [SourceFile(name, data) for name, data in named]


def find_real() -> Iterator[tuple[str, list[list[SourceFile]]]]:
    """The folders of real files and their studies."""
    folders = {path.parent for kind in ("dicom", "field") for path in (DATA / kind).rglob("*") if path.is_file()}
    for folder in sorted(folders):
        studies = find_studies([folder], lambda _: False, lambda _: None)
        yield str(folder.relative_to(DATA)), [list(map(_load, study)) for study in studies]


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
    sequences = f" of {', '.join(scan.sequences)}" if isinstance(scan, Examination) else ""
    volume = next(iter(scan.sequences.values())) if isinstance(scan, Examination) else scan
    count = volume.voxels.shape[STACK_AXIS[volume.plane]]
    return f"{count} slice{'s' * (count > 1)}{sequences}, {volume.stated_plane or volume.plane}"


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


def _report() -> list[bytes]:
    dataset = make_dicom_dataset(_HEADS[0], SOPClassUID=EnhancedSRStorage, Modality=None)
    del dataset.PixelData
    return [write_dicom(dataset)]


def _enhanced() -> bytes:
    groups = []
    for z in range(_SLICES):
        group, position = Dataset(), Dataset()
        position.ImagePositionPatient = [0, 0, 5 * z]
        group.PlanePositionSequence = [position]
        groups.append(group)
    return make_dicom_bytes(np.stack(_HEADS), NumberOfFrames=_SLICES, PerFrameFunctionalGroupsSequence=groups)


def _case(name: str, *endings: str) -> dict[str, bytes]:
    return {f"{name}{ending}.nii": _nifti(np.roll(_VOXELS, z, 2))[0] for z, ending in enumerate(endings)}


def _detached() -> dict[str, bytes]:
    return {"a.nhdr": make_nrrd_bytes(_VOXELS, data_file="a.raw"), "a.raw": _VOXELS.tobytes(order="F")}


def _analyze() -> dict[str, bytes]:
    image = nibabel.AnalyzeImage(_VOXELS.astype(np.int16), np.diag([1.0, 1.0, 5.0, 1.0]))
    files = image.make_file_map({"header": io.BytesIO(), "image": io.BytesIO()})
    image.to_file_map(files)
    return {"a.hdr": files["header"].fileobj.getvalue(), "a.img": files["image"].fileobj.getvalue()}


def _colours(*, are_grey: bool) -> NDArray[np.generic]:
    channels = np.zeros(_VOXELS.shape, [("R", "u1"), ("G", "u1"), ("B", "u1")])
    for name in "RGB"[: 3 if are_grey else 1]:
        channels[name] = _VOXELS // 9
    return channels


_MADE: dict[str, Callable[[], list[bytes] | dict[str, bytes]]] = {
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
    "DICOM, T1 before and after contrast agent": lambda: [
        *_make_series(lambda _: {"SeriesInstanceUID": "1.3.1", "SeriesDescription": "T1 MPRAGE"}),
        *_make_series(lambda _: {"SeriesInstanceUID": "1.3.2", "SeriesDescription": "T1 MPRAGE +C"})[2:],
    ],
    "DICOM, an image and its subtraction at each position": _pair({"ImageType": ["DERIVED", "PRIMARY", "SUBTRACTION"]}),
    "DICOM, T2*": lambda: [make_dicom_bytes(_HEADS[0], SeriesDescription="T2*_FLASH")],
    "DICOM, an ADC map": lambda: [make_dicom_bytes(_HEADS[0], ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "ADC"])],
    "DICOM, a series of another study": lambda: [
        make_dicom_bytes(_HEADS[0]),
        make_dicom_bytes(_HEADS[1], StudyInstanceUID="1.2.4"),
    ],
    "DICOM, two copies of each file": lambda: 2 * _make_series(lambda _: {}),
    "DICOM, one object of several frames twice": lambda: 2 * [_enhanced()],
    "DICOM, a file of a series cut short": lambda: [
        data[: len(data) // 2] if z == 4 else data for z, data in enumerate(_make_series(lambda _: {}))
    ],
    "DICOM, an abdomen": lambda: [make_dicom_bytes(_HEADS[0], BodyPartExamined="ABDOMEN")],
    "DICOM, a knee": lambda: [make_dicom_bytes(_HEADS[0], BodyPartExamined="KNEE")],
    "DICOM, a neck": lambda: [make_dicom_bytes(_HEADS[0], BodyPartExamined="NECK")],
    "DICOM, a spine by its protocol": lambda: [make_dicom_bytes(_HEADS[0], ProtocolName="T2 tse sag C-Spine")],
    "DICOM, a breast by its protocol": lambda: [make_dicom_bytes(_HEADS[0], ProtocolName="breast_dynamic")],
    "DICOM, an animal": lambda: [make_dicom_bytes(_HEADS[0], PatientSpeciesDescription="Macaca mulatta")],
    "DICOM, an orange, as a subject of quality control": lambda: [
        make_dicom_bytes(_HEADS[0], QualityControlSubject="YES")
    ],
    "DICOM, a CT": lambda: [make_dicom_bytes(_HEADS[0], Modality="CT")],
    "DICOM without an image": _report,
    "DICOM images and a report": lambda: [*_make_series(lambda _: {}), *_report()],
    "DICOM images, their thumbnail and a text": lambda: [*_make_series(lambda _: {}), make_phantom_file(), b"Dear"],
    "MGH": lambda: [nibabel.MGHImage(_VOXELS.astype(np.int16), np.diag([1.0, 1.0, 5.0, 1.0])).to_bytes()],
    "NIfTI, with a text and an STL": lambda: [*_nifti(_VOXELS), b"Dear colleague", b"solid head"],
    "NIfTI, with an office document": lambda: [*_nifti(_VOXELS), b"PK\3\4" + bytes(26) + b"[Content_Types].xml"],
    "NIfTI, two volumes without names": lambda: [*_nifti(_VOXELS), *_nifti(_VOXELS[::-1])],
    "BraTS 2023 case": lambda: _case("BraTS-GLI-00001-000", "-t1c", "-t1n", "-t2f", "-t2w"),
    "BIDS subject": lambda: _case("sub-01", "_T1w", "_ce-gadolinium_T1w", "_T2w", "_FLAIR"),
    "BIDS subject, with a functional image": lambda: _case("sub-01", "_T1w", "_bold"),
    "Analyze pair": _analyze,
    "Analyze header without its image": lambda: {"a.hdr": _analyze()["a.hdr"]},
    "NRRD": lambda: [_NRRD + _VOXELS.tobytes(order="F")],
    "NRRD, voxels in another file": _detached,
    "NRRD header without its file": lambda: {"a.nhdr": _detached()["a.nhdr"]},
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
    "NIfTI, a statistical map": lambda: _nifti(np.where(_VOXELS > 1800, _VOXELS / 500, 0).astype(np.float32)),
    "NIfTI, colours": lambda: _nifti(_colours(are_grey=False)),
    "NIfTI, grey values in three channels": lambda: _nifti(_colours(are_grey=True)),
    "NIfTI, Hounsfield units": lambda: _nifti(np.where(_VOXELS > 200, 40 + _VOXELS // 90, -1000).astype(np.int16)),
}

if __name__ == "__main__":
    text = replace_table(PAGE.read_text(encoding="utf-8"), REAL, write_real())
    PAGE.write_text(replace_table(text, MADE, write_made()), encoding="utf-8")
