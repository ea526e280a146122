"""The same files get the same answer over HTTP, from ``tumorscope predict`` and in an evaluation."""

import json
from pathlib import Path

import httpx
import numpy as np
import pytest
from typer.testing import CliRunner

from tests.factories import make_dicom_bytes, make_nifti_bytes, make_phantom_file, make_slice
from tumorscope.cli import app
from tumorscope.datasets.example import Example, ImageFileReference
from tumorscope.domain.prediction import Prediction
from tumorscope.evaluation.evaluate import answer_examples, answer_studies
from tumorscope.evaluation.studies.find import Study
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.choose import open_engine
from tumorscope.model.bundle import read_bundle

_CASES = ("picture", "series", "volume")


def _write(case: str, folder: Path) -> list[Path]:
    """A picture, the instances of a series, or a volume."""
    if case == "picture":
        contents = {"slice.png": make_phantom_file(seed=3, size=96)}
    elif case == "series":
        contents = {
            f"{index}.dcm": make_dicom_bytes(
                (make_slice(index + 1, lesion=index == 1, size=64).pixels * 4).astype(np.uint16),
                SeriesInstanceUID="1.2.4",
                StudyInstanceUID="1.2.3",
                PatientID="p",
                ImagePositionPatient=[0, 0, 5 * index],
            )
            for index in range(4)
        }
    else:
        stack = np.stack([make_slice(index + 1, lesion=index > 2, size=64).pixels for index in range(6)], axis=2)
        contents = {"head.nii.gz": make_nifti_bytes(stack.astype(np.int16))}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in contents]


def _ask(address: str, files: list[Path]) -> dict[str, object]:
    parts = [("file", (file.name, file.read_bytes())) for file in files]
    response = httpx.post(f"http://{address}/predict", files=parts, timeout=600)
    assert response.status_code == 200, response.text
    answer: dict[str, object] = response.json()
    return answer


def _evaluate(case: str, files: list[Path], bundle_folder: Path) -> Prediction:
    bundle = read_bundle(bundle_folder)
    classifier = Classifier(bundle, open_engine(bundle).engine)
    if case == "picture":
        example = Example(ImageFileReference(files[0]), "no_tumor", "p", "s")
        return answer_examples(lambda _: classifier, [example], lambda: None)[0]
    study = Study(tuple(files), "no_tumor", "p", "s", None)
    return answer_studies(lambda _: classifier, [study], lambda: None)[0]


@pytest.mark.parametrize("case", _CASES)
def test_answer_is_the_same_by_all_three_ways(
    case: str, tiny_address: str, tiny_bundle_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = _write(case, tmp_path)
    served = _ask(tiny_address, files)
    monkeypatch.setenv("TUMORSCOPE_BUNDLE", str(tiny_bundle_folder))
    run = CliRunner().invoke(app, ["predict", *map(str, files), "--format", "json"])
    assert run.exception is None, run.output
    (printed,) = json.loads(run.stdout)["predictions"]
    evaluated = _evaluate(case, files, tiny_bundle_folder)
    assert served["decision"] == printed["decision"] == evaluated.decision.value
    assert served["label"] == printed["label"] == evaluated.label
    assert served["probabilities"] == pytest.approx(evaluated.probabilities, abs=1e-6)
    assert printed["probabilities"] == pytest.approx(evaluated.probabilities, abs=1e-6)
