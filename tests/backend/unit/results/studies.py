"""Studies with a known lesion as DICOM files, and predictions from them by an engine that sees small bright places."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.factories import make_dicom_bytes, make_manifest, make_outputs
from tumorscope.domain.prediction import Decision
from tumorscope.imaging.decode import decode_upload, sniff_upload
from tumorscope.imaging.source import FROM_DISK, SourceFile
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.engine import Outputs
from tumorscope.inference.pipeline import StepTimes, StudyPrediction, predict_upload
from tumorscope.model.bundle import Bundle
from tumorscope.presentation.answer import PredictionAnswer, present

_CELLS, _SIZE = 8, 64
_WEIGHTS = {
    "dense/kernel": np.ones((_CELLS * _CELLS // 4, 1), np.float16),
    "dense/bias": np.zeros(1, np.float16),
    "logits/kernel": np.array([[1, 0, 0, 0]], np.float16),
}

ROWS, COLUMNS, SLICES = 90, 72, 24
SPACING, STEP = (1.5, 1.75), 5.0
LESION = np.array([14.0, 30.0, 50.0])
"""Slice, row and column of the lesion's centre."""

ORIENTATIONS = {
    "axial": (1, 0, 0, 0, 1, 0),
    "axial turned": (-1, 0, 0, 0, -1, 0),
    "axial transposed": (0, 1, 0, 1, 0, 0),
    "coronal": (1, 0, 0, 0, 0, -1),
    "sagittal": (0, 1, 0, 0, 0, -1),
    "tilted": (1, 0, 0, 0, 0.9659258, 0.2588190),
}


class SmallBrightEngine:
    """Says glioma of a picture with a small bright part, and shows where it is."""

    name, device = "small and bright", "cpu"

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        bright = batch[..., 0] > 0.9
        marked = bright.any(axis=(1, 2)) & (bright.mean(axis=(1, 2)) < 0.2)
        logits = np.where(marked, 4, -4)[:, None] * np.array([1, 0, -1, 0], np.float32)
        side = batch.shape[1] // _CELLS
        cells = bright.reshape(len(batch), _CELLS, side, _CELLS, side).mean(axis=(2, 4))[..., None]
        return replace(make_outputs(logits.astype(np.float32)), activation=cells.astype(np.float32))


CLASSIFIER = Classifier(Bundle(make_manifest(size=_SIZE), "0" * 64, _WEIGHTS, {}), SmallBrightEngine())


def draw_voxels(*, lesion: bool = True) -> NDArray[np.uint16]:
    """A ball with a smaller, brighter one in it, shape (slices, rows, columns)."""
    steps = np.array([STEP, *SPACING])
    grid = np.moveaxis(np.indices((SLICES, ROWS, COLUMNS)), 0, -1) * steps
    head = np.linalg.norm(grid - steps * [SLICES / 2, ROWS / 2, COLUMNS / 2], axis=-1) < 55
    spot = np.linalg.norm(grid - steps * LESION, axis=-1) < 9
    return np.where(spot & lesion, 1000, np.where(head, 400, 0)).astype(np.uint16)


def make_series(orientation: str = "axial", *, lesion: bool = True, **stated: object) -> list[bytes]:
    """The files of a series, in no order."""
    across = np.array(ORIENTATIONS[orientation], np.float64)
    normal = np.cross(across[:3], across[3:])
    common: dict[str, Any] = {
        "ImageOrientationPatient": list(across),
        "PixelSpacing": list(SPACING),
        "SliceThickness": 4,
        "FrameOfReferenceUID": "1.2.3.9",
        "PatientName": "Doe^Jane",
        "PatientID": "4711",
        **stated,
    }
    files = []
    for index, pixels in enumerate(draw_voxels(lesion=lesion)):
        place = [round(x, 4) for x in index * STEP * normal - [60, 70, 40]]
        own: dict[str, Any] = {"SOPInstanceUID": f"1.2.3.4.{index + 1}", "ImagePositionPatient": place}
        files.append(make_dicom_bytes(pixels, **own, **common))
    return files[1::2] + files[::2]


@dataclass(frozen=True)
class Predicted:
    """A prediction, and what the contract says of it."""

    result: StudyPrediction
    answer: PredictionAnswer

    def decide(self, decision: Decision, label: str | None = None) -> "Predicted":
        """The same with another decision."""
        prediction = replace(self.result.prediction, decision=decision, label=label)
        return _present(replace(self.result, prediction=prediction))


def predict(files: Sequence[bytes | Path]) -> Predicted:
    """Decode and predict, with heat maps."""
    sources = [SourceFile("", one if isinstance(one, bytes) else one.read_bytes()) for one in files]
    decode = partial(decode_upload, limits=FROM_DISK)
    return _present(predict_upload(CLASSIFIER, sniff_upload(sources), decode, explain="heatmap"))


def _present(result: StudyPrediction) -> Predicted:
    return Predicted(result, present(result, CLASSIFIER, "0" * 64, StepTimes(), every_slice=False, with_picture=False))
