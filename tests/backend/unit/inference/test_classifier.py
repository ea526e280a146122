"""From logits to an answer, with any engine and any number of classes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories import make_manifest, make_phantom_file, make_slice, write_tiny_bundle
from tumorscope.domain.errors import GoldenMismatch
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES, allowed_classes
from tumorscope.domain.prediction import Decision, decide
from tumorscope.inference.calibration import calibrate
from tumorscope.inference.classifier import Classifier, check_golden_answers, classify
from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.model.bundle import Bundle, read_bundle
from tumorscope.model.manifest import GoldenManifest


@dataclass(frozen=True)
class _FixedEngine:
    logits: tuple[float, ...]
    name: str = "fixed"
    device: str = "cpu"

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.array([self.logits] * len(batch), np.float32)


def _classifier(logits: tuple[float, ...], class_names: tuple[str, ...] = DEFAULT_CLASS_NAMES) -> Classifier:
    golden = GoldenManifest(file="phantom.png", probabilities=dict.fromkeys(class_names, 1 / len(class_names)))
    manifest = make_manifest(class_names).model_copy(update={"golden": [golden]})
    return Classifier(Bundle(manifest, "", {}, {"phantom.png": make_phantom_file()}), _FixedEngine(logits))


def test_most_probable_tumour_names_the_label() -> None:
    prediction = classify(_classifier((1.0, 3.0, 2.0, 0.0)), make_slice()).prediction
    assert (prediction.decision, prediction.label) == (Decision.TUMOR, "meningioma")
    assert sum(prediction.probabilities.values()) == pytest.approx(1)


def test_tumour_kinds_count_together_against_no_tumour() -> None:
    # No tumour is the most probable class, and yet a tumour is more probable than none.
    probabilities = {"glioma": 0.3, "meningioma": 0.2, "no_tumor": 0.4, "pituitary": 0.1}
    prediction = decide(probabilities, tumor_threshold=0.5)
    assert (prediction.decision, prediction.label) == (Decision.TUMOR, "glioma")
    assert decide(probabilities, tumor_threshold=0.7).label is None


def test_two_classes_of_any_name_are_served() -> None:
    prediction = classify(_classifier((5.0, 0.0), ("high_grade", "low_grade")), make_slice()).prediction
    assert (prediction.label, prediction.tumor_probability) == ("high_grade", 1.0)


def test_golden_answers_decide_whether_a_model_is_trusted() -> None:
    check_golden_answers(_classifier((2.0, 2.0, 2.0, 2.0)))
    for logits in ((2.0, 2.0, 2.0, 2.3), (float("nan"),) * 4):
        with pytest.raises(GoldenMismatch, match=r"phantom\.png"):
            check_golden_answers(_classifier(logits))


def test_calibration_softens_without_changing_the_order() -> None:
    logits = np.array([[2.0, 0.0, -1.0], [1000.0, 990.0, 980.0]], np.float32)
    plain, soft = calibrate(logits, 1.0), calibrate(logits, 2.0)
    np.testing.assert_allclose(plain.sum(axis=1), 1)
    assert soft[0].max() < plain[0].max()
    np.testing.assert_array_equal(plain.argsort(axis=1), soft.argsort(axis=1))
    np.testing.assert_allclose(calibrate(logits + 50, 1.0), plain, atol=1e-6)


def test_engine_gives_a_batch_what_it_gives_one_by_one(tmp_path: Path) -> None:
    engine = TensorFlowEngine(read_bundle(write_tiny_bundle(tmp_path)))
    batch = np.random.default_rng(0).random((5, 32, 32, 3), np.float32)
    alone = np.concatenate([engine.run(pixels[None]) for pixels in batch])
    np.testing.assert_allclose(engine.run(batch), alone, atol=0.05)


def test_tumour_of_unstated_kind_allows_every_tumour_and_nothing_else() -> None:
    assert allowed_classes("tumor", DEFAULT_CLASS_NAMES) == ("glioma", "meningioma", "pituitary")
    assert allowed_classes("no_tumor", DEFAULT_CLASS_NAMES) == ("no_tumor",)
    with pytest.raises(ValueError, match="none of"):
        allowed_classes("fracture", DEFAULT_CLASS_NAMES)
