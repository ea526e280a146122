"""HTTP, `tumorscope predict` and evaluation give the same answer to the same files."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.factories import make_dicom_bytes, make_nifti_bytes, make_phantom_file
from tests.processes import ServedProcess
from tumorscope.api.settings import Settings
from tumorscope.datasets.example import Example, ImageFileReference
from tumorscope.domain.prediction import Prediction
from tumorscope.evaluation.evaluate import answer_examples, answer_studies
from tumorscope.evaluation.studies.find import Study
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.choose import open_classifier
from tumorscope.model.bundle import read_bundle

# Of one answer, or of the command line alone.
_VARIES = ("files", "id", "timing_ms")


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return open_classifier(read_bundle(Settings().bundle), "auto", None, "balanced")


def _predict_over_http(live: ServedProcess, files: list[Path]) -> dict[str, Any]:
    parts = [("file", (path.name, path.read_bytes())) for path in files]
    response = live.client.post("/predict", params={"slices": "all"}, files=parts)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def _predict_by_command(paths: list[Path], **environment: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tumorscope", "predict", *map(str, paths), "--format", "json"]
    run = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    rows: list[dict[str, Any]] = json.loads(run.stdout)["predictions"]
    return rows


def _compare_all(live: ServedProcess, classifier: Classifier, studies: list[list[Path]]) -> None:
    rows = {tuple(row["files"]): row for row in _predict_by_command([path for files in studies for path in files])}
    assert len(rows) == len(studies)
    evaluated = answer_studies(
        lambda _: classifier, [Study(tuple(files), "tumor", "", "", None) for files in studies], lambda: None
    )
    for files, prediction in zip(studies, evaluated, strict=True):
        served, printed = _predict_over_http(live, files), rows[tuple(map(str, files))]
        for name in _VARIES:
            served.pop(name, None)
            printed.pop(name, None)
        assert printed == served
        _compare(prediction, served)


def _compare(prediction: Prediction, served: dict[str, Any]) -> None:
    assert (prediction.decision.value, prediction.label) == (served["decision"], served["label"])
    if served["decision"] == "out_of_scope":
        assert served["probabilities"] is served["tumor_probability"] is None
    else:
        assert prediction.probabilities == served["probabilities"]
        assert prediction.tumor_probability == served["tumor_probability"]


def test_made_files_are_answered_alike(live: ServedProcess, classifier: Classifier, tmp_path: Path) -> None:
    heads = np.stack([draw_phantom(1, lesion=index > 5, size=96) for index in range(12)], axis=2)
    contents = {
        "lesion.png": make_phantom_file(),
        "plain.jpg": make_phantom_file("JPEG", lesion=False),
        "blank.png": make_phantom_file(size=16),
        "slice.dcm": make_dicom_bytes(heads[:, :, 0].astype(np.uint16)),
        "volume.nii.gz": make_nifti_bytes(heads.astype(np.int16), compressed=True),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    series = [tmp_path / f"series.{index}.dcm" for index in range(heads.shape[2])]
    for index, path in enumerate(series):
        data = make_dicom_bytes(
            heads[:, :, index].astype(np.uint16),
            SeriesInstanceUID="1.2.4",
            StudyInstanceUID="1.2.3",
            PatientID="p",
            ImagePositionPatient=[0, 0, 5 * index],
        )
        path.write_bytes(data)
    _compare_all(live, classifier, [*([tmp_path / name] for name in contents), series])


def test_real_files_are_answered_alike(live: ServedProcess, classifier: Classifier, data_folder: Path) -> None:
    pictures = [sorted((data_folder / "slices" / kind).iterdir())[0] for kind in ("glioma", "meningioma", "no_tumor")]
    pictures.append(sorted((data_folder / "out_of_scope" / "photos").glob("*.jp*g"))[0])
    image = sorted((data_folder / "dicom" / "t1_mprage_series").glob("*.dcm"))[88]
    series = sorted((data_folder / "field" / "healthy_sagittal_t1").glob("*.dcm"))
    volume = data_folder / "volumes" / "healthy" / "subj01"
    case = sorted((data_folder / "volumes" / "brats_gli" / "BraTS-GLI-00001-000").glob("*.nii.gz"))
    studies = [*([path] for path in pictures), [image], series, sorted(volume.glob("*_t1.nii.gz")), case]
    _compare_all(live, classifier, studies)
    # Pictures are evaluated as examples of a data set, too.
    examples = [Example(ImageFileReference(path), "tumor", path.name, "") for path in pictures]
    for path, prediction in zip(pictures, answer_examples(lambda _: classifier, examples, lambda: None), strict=True):
        _compare(prediction, _predict_over_http(live, [path]))


def test_command_decides_at_the_operating_point_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / "slice.png").write_bytes(make_phantom_file())
    (row,) = _predict_by_command([tmp_path / "slice.png"], TUMORSCOPE_OPERATING_POINT="screening")
    assert row["model"]["operating_point"] == "screening"
