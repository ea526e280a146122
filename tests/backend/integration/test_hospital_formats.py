"""Real DICOM, NIfTI and ZIP files through HTTP: what each gets, and that the container changes no probability."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from tests.factories import make_dicom_bytes, make_nifti_bytes, make_picture
from tests.processes import ServedProcess
from tumorscope.imaging.phantom import draw_phantom

_TABLE = Path(__file__).with_name("dicom_files.txt").read_text(encoding="utf-8").splitlines()[1:]
# Between lossless forms of the same pixels.
_SAME = 0.005


@pytest.fixture(scope="session")
def dicom_folder(data_folder: Path) -> Path:
    return data_folder / "dicom"


def _predict(live: ServedProcess, *files: bytes | Path, **query: str) -> dict[str, Any]:
    parts = [("file", (f"{i}", file if isinstance(file, bytes) else file.read_bytes())) for i, file in enumerate(files)]
    response = live.client.post("/predict", files=parts, params=query)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def _describe(body: dict[str, Any]) -> str:
    """As the table says it."""
    if "code" in body:
        return str(body["code"])
    found = body["input"]
    count = found["slice_count"]
    words = f"{found['plane'] or 'unknown'} {'slice' if count == 1 else f'{count} slices'}"
    warnings = " ".join(warning["code"] for warning in found["warnings"])
    return f"{words}, {warnings}" if warnings else words


@pytest.mark.parametrize("line", _TABLE)
def test_each_real_dicom_file_gets_what_the_table_says(live: ServedProcess, dicom_folder: Path, line: str) -> None:
    name, expected = line.split(maxsplit=1)
    data = (dicom_folder / name).read_bytes()
    response = live.client.post("/predict", content=data, headers={"Content-Type": "application/dicom"})
    assert response.status_code in {200, 422}
    assert _describe(response.json()) == expected


def test_table_lists_every_dicom_file_but_those_of_the_series(dicom_folder: Path) -> None:
    files = {str(path.relative_to(dicom_folder)) for path in dicom_folder.rglob("*.dcm")}
    listed = {line.split()[0] for line in _TABLE}
    assert {name for name in files if not name.startswith("t1_mprage_series/")} == listed


def test_real_series_is_the_same_as_parts_in_any_order_and_as_zip(live: ServedProcess, dicom_folder: Path) -> None:
    files = sorted((dicom_folder / "t1_mprage_series").glob("*.dcm"))
    assert len(files) == 176
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, f"patient/series/{file.name}")
    as_zip = _predict(live, packed.getvalue(), slices="all")
    order = np.random.default_rng(0).permutation(len(files))
    as_parts = _predict(live, *(files[index] for index in order), slices="all")
    assert as_zip["input"]["slice_count"] == 176
    assert as_zip["input"]["plane"] == "sagittal"
    assert (as_zip["input"]["format"], as_zip["input"]["modality"]) == ("dicom", "MR")
    assert as_zip["slices"] == as_parts["slices"]
    assert as_zip["probabilities"] == as_parts["probabilities"]
    indices = [one["index"] for one in as_zip["slices"]]
    assert indices == sorted(set(indices))
    assert len(indices) > 100


def _differ(one: dict[str, Any], other: dict[str, Any]) -> float:
    """The largest difference of a probability; nothing where the scope gate lets neither through."""
    if one["probabilities"] is None or other["probabilities"] is None:
        assert one["probabilities"] is other["probabilities"]
        return 0.0
    return max(abs(float(share) - float(other["probabilities"][name])) for name, share in one["probabilities"].items())


def _stored(path: Path) -> NDArray[np.uint16]:
    pixels: NDArray[np.uint16] = pydicom.dcmread(path).pixel_array.astype(np.uint16)
    return pixels


def test_mosaic_is_one_volume_in_nine_encodings_and_as_nifti(
    live: ServedProcess, dicom_folder: Path, record_property: Any
) -> None:
    files = sorted((dicom_folder / "transfer_syntaxes").glob("*.dcm"))
    stated, pixels = pydicom.dcmread(files[0]), _stored(files[0])
    # 35 tiles of 64 x 64 in six rows of six.
    tiles = pixels.reshape(6, 64, 6, 64).swapaxes(1, 2).reshape(36, 64, 64)[:35]
    # Voxels go from the patient's right to left and from front to back, as rows and columns of an axial slice do.
    affine = np.diag([-stated.PixelSpacing[1], -stated.PixelSpacing[0], stated.SpacingBetweenSlices, 1.0])
    names = [pydicom.dcmread(file).file_meta.TransferSyntaxUID.name + f" ({file.name})" for file in files]
    forms = {name: _predict(live, file, picture="shown") for name, file in zip(names, files, strict=True)}
    forms["NIfTI"] = _predict(live, make_nifti_bytes(tiles.transpose(2, 1, 0), affine), picture="shown")
    pictures = {answer["input"]["view"]["picture_png"] for answer in forms.values()}
    differences = {name: _differ(answer, forms[names[0]]) for name, answer in forms.items()}
    record_property("parity", differences)
    assert len(forms) == 10
    assert len(pictures) == 1
    assert {answer["input"]["slice_count"] for answer in forms.values()} == {35}
    assert max(differences.values()) <= _SAME
    as_picture = _predict(live, make_picture(pixels))
    assert [reason["code"] for reason in as_picture["reasons"]] == ["tiled_image"]


@pytest.mark.parametrize(
    "syntax",
    [
        *(ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian),
        *(RLELossless, JPEG2000Lossless, JPEGLSLossless),
    ],
)
def test_slice_of_the_series_gets_one_answer_however_it_is_encoded(
    live: ServedProcess, dicom_folder: Path, syntax: UID
) -> None:
    file = dicom_folder / "t1_mprage_series" / "00088.dcm"
    dataset = pydicom.dcmread(file)
    pixels = dataset.pixel_array
    if syntax.is_encapsulated:
        dataset.compress(syntax)
    else:
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder("<" if syntax.is_little_endian else ">")).tobytes()
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, dataset, little_endian=syntax.is_little_endian, implicit_vr=syntax.is_implicit_VR)
    reference = _predict(live, file)
    assert reference["probabilities"] is not None
    assert _differ(_predict(live, buffer.getvalue()), reference) <= _SAME


@pytest.mark.parametrize("number", ["00060", "00088", "00120"])
def test_slice_of_the_series_gets_one_answer_as_dicom_png_and_nifti(
    live: ServedProcess, dicom_folder: Path, number: str
) -> None:
    file = dicom_folder / "t1_mprage_series" / f"{number}.dcm"
    pixels = _stored(file)
    as_dicom = _predict(live, file)
    as_picture = _predict(live, make_picture(pixels))
    # Rows go from head to feet, columns from front to back.
    affine = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
    as_nifti = _predict(live, make_nifti_bytes(pixels.T[:, :, np.newaxis], affine))
    assert as_dicom["input"]["plane"] == as_nifti["input"]["plane"] == "sagittal"
    assert _differ(as_dicom, as_picture) <= _SAME
    assert _differ(as_dicom, as_nifti) <= _SAME


def test_slice_of_an_enhanced_object_gets_one_answer_in_it_and_alone(live: ServedProcess, dicom_folder: Path) -> None:
    file = dicom_folder / "enhanced_multiframe" / "Siemens" / "XA10" / "6_1.dcm"
    answer = _predict(live, file, slices="all")
    view = answer["input"]["view"]
    # Frames of this file lie in the order of the stack, from feet to head.
    frame = _stored(file)[view["slice_index"]]
    shown = next(one for one in answer["slices"] if one["index"] == view["slice_index"])
    assert _differ(shown, _predict(live, make_dicom_bytes(frame))) <= _SAME


def test_crop_turn_and_window_are_in_the_answer_and_lie_in_the_picture(live: ServedProcess, dicom_folder: Path) -> None:
    view = _predict(live, dicom_folder / "transfer_syntaxes" / "1.dcm", picture="shown")["input"]["view"]
    crop = view["crop"]
    assert 0 <= crop["top"] < crop["top"] + crop["height"] <= view["height"]
    assert 0 <= crop["left"] < crop["left"] + crop["width"] <= view["width"]
    assert view["window"]["lower"] < view["window"]["upper"]
    assert set(view["turning"]) == {"transposed", "rows_reversed", "columns_reversed"}
    assert view["picture_png"].startswith("iVBORw0KGgo")


def _volumes(data_folder: Path) -> list[Path]:
    folder = data_folder / "volumes"
    healthy = sorted(folder.glob("healthy/*/*_t1.nii.gz"))
    return [*healthy, *sorted(folder.glob("brats*/*/*_t1ce.nii.gz"))]


def test_each_healthy_volume_and_each_brats_case_is_answered(live: ServedProcess, data_folder: Path) -> None:
    volumes = _volumes(data_folder)
    assert len(volumes) >= 4
    for path in volumes:
        answer = _predict(live, path, slices="all")
        found = answer["input"]
        assert found["format"] == "nifti"
        assert found["slice_count"] >= 100 or "healthy" in path.parts
        assert len(answer["slices"]) > found["slice_count"] / 3
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-3)
        assert answer["notice"] == "Investigational. Not for diagnostic use."


def test_brats_case_is_read_by_the_names_of_its_volumes(live: ServedProcess, data_folder: Path) -> None:
    case = data_folder / "volumes" / "brats_gli" / "BraTS-GLI-00001-000"
    parts = [("file", (path.name, path.read_bytes())) for path in sorted(case.glob("*.nii.gz"))]
    response = live.client.post("/predict", files=parts)
    assert response.status_code == 200, response.text
    warnings = {warning["code"]: warning["params"] for warning in response.json()["input"]["warnings"]}
    assert warnings["sequence_chosen"] == {"sequence": "t1ce"}


def test_volume_streams_its_progress_and_ends_with_the_same_answer(live: ServedProcess, data_folder: Path) -> None:
    path = _volumes(data_folder)[0]
    expected = _predict(live, path)
    headers = {"Accept": "application/x-ndjson", "Content-Type": "application/octet-stream"}
    with live.client.stream("POST", "/predict", content=path.read_bytes(), headers=headers) as response:
        lines = [json.loads(line) for line in response.iter_lines()]
    assert response.status_code == 200
    steps = [(line["done"], line["total"]) for line in lines[:-1]]
    assert {line["event"] for line in lines[:-1]} == {"progress"}
    assert steps[0][0] == 0
    assert steps[-1][0] == steps[-1][1]
    assert steps == sorted(steps)
    assert len(steps) > 3
    assert lines[-1]["event"] == "result"
    assert lines[-1]["probabilities"] == expected["probabilities"]
    assert len(expected["slices"]) == 5


def test_summary_holds_the_five_highest_slices(live: ServedProcess) -> None:
    heads = [draw_phantom(seed, lesion=seed % 3 == 0, size=128) for seed in range(1, 13)]
    voxels = np.stack(heads, axis=2)
    every = _predict(live, make_nifti_bytes(voxels), slices="all")["slices"]
    summary = _predict(live, make_nifti_bytes(voxels))["slices"]
    assert all(one["probabilities"] is not None for one in every)
    ranked = sorted(every, key=lambda one: one["tumor_probability"], reverse=True)
    assert summary == ranked[:5]


def test_two_patients_in_one_request_are_a_mixed_study(live: ServedProcess) -> None:
    pixels = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    parts = [
        ("file", (name, make_dicom_bytes(pixels, PatientID=name, StudyInstanceUID=f"1.2.{name}")))
        for name in ("1", "2")
    ]
    response = live.client.post("/predict", files=parts)
    assert (response.status_code, response.json()["code"]) == (400, "mixed_study")
