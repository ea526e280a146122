"""From a slice to an answer, with any engine and any number of classes."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories import make_manifest, make_outputs, make_phantom_file, make_slice
from tumorscope.domain.errors import AnswerNotFinite, BundleInvalid, GoldenMismatch
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.domain.prediction import Decision
from tumorscope.inference.classifier import Classifier, calibrate
from tumorscope.inference.engines.engine import Outputs
from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.inference.golden import check_golden_answers
from tumorscope.inference.pipeline import predict_scan
from tumorscope.model.bundle import Bundle
from tumorscope.model.manifest import GoldenManifest

_NAN = float("nan")


@dataclass(frozen=True)
class _FixedEngine:
    logits: tuple[float, ...]
    name: str = "fixed"
    device: str = "cpu"

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        assert batch.shape == (1, 32, 32, 3)
        return make_outputs(np.array([self.logits] * len(batch), np.float32))


def _classifier(
    logits: tuple[float, ...],
    class_names: tuple[str, ...] = DEFAULT_CLASS_NAMES,
    golden_file: bytes | None = None,
    **changes: object,
) -> Classifier:
    golden = GoldenManifest(file="phantom.png", probabilities=dict.fromkeys(class_names, 1 / len(class_names)))
    manifest = make_manifest(class_names).model_copy(update={"golden": [golden], **changes})
    files = {"phantom.png": golden_file or make_phantom_file()}
    return Classifier(Bundle(manifest, "", {}, files), _FixedEngine(logits))


def test_most_probable_tumour_names_the_label() -> None:
    prediction = predict_scan(_classifier((1.0, 3.0, 2.0, 0.0)), make_slice()).prediction
    assert (prediction.decision, prediction.label) == (Decision.TUMOR, "meningioma")
    assert list(prediction.probabilities) == list(DEFAULT_CLASS_NAMES)
    assert sum(prediction.probabilities.values()) == pytest.approx(1)
    assert prediction.tumor_probability == pytest.approx(1 - prediction.probabilities["no_tumor"])


def test_temperature_and_threshold_are_the_manifests() -> None:
    logits = (1.0, 3.0, 2.0, 0.0)
    classifier = _classifier(logits, temperature=2.0, tumor_threshold=0.95)
    prediction = predict_scan(classifier, make_slice()).prediction
    expected = calibrate(np.array([logits], np.float32), 2.0)[0]
    np.testing.assert_allclose(list(prediction.probabilities.values()), expected)
    assert prediction.decision is Decision.NO_TUMOR


def test_two_classes_of_any_name_are_served() -> None:
    prediction = predict_scan(_classifier((5.0, 0.0), ("high_grade", "low_grade")), make_slice()).prediction
    # What such a model says of a tumour's probability is `decide`'s own test.
    assert (prediction.decision, prediction.label) == (Decision.TUMOR, "high_grade")
    assert list(prediction.probabilities) == ["high_grade", "low_grade"]


def test_slice_says_where_the_network_looked() -> None:
    geometry = predict_scan(_classifier((0.0,) * 4), make_slice(size=200)).shown.geometry
    assert (geometry.source_height, geometry.source_width, geometry.size) == (200, 200, 32)


@pytest.mark.parametrize(
    "logits",
    [(_NAN,) * 4, (1.0, _NAN, 1.0, 1.0), (1.0, 1.0, float("inf"), 1.0), (1.0, 1.0, -float("inf"), 1.0)],
    ids=["all", "one", "infinite", "minus infinite"],
)
def test_answer_that_is_no_number_is_never_read_as_a_decision(logits: tuple[float, ...]) -> None:
    with pytest.raises(AnswerNotFinite):
        predict_scan(_classifier(logits), make_slice())


def test_model_that_reproduces_its_golden_answers_is_trusted() -> None:
    check_golden_answers(_classifier((2.0, 2.0, 2.0, 2.0)))
    # About 0.027 off, where 0.03 is tolerated.
    check_golden_answers(_classifier((2.0, 2.0, 2.0, 2.14)))


@pytest.mark.parametrize("logits", [(2.0, 2.0, 2.0, 2.3), (9.0, 0.0, 0.0, 0.0), (_NAN,) * 4, (0.0, 0.0, 0.0, _NAN)])
def test_model_that_does_not_reproduce_its_golden_answers_is_refused(logits: tuple[float, ...]) -> None:
    with pytest.raises(GoldenMismatch, match=r"phantom\.png"):
        check_golden_answers(_classifier(logits))


def test_golden_answers_are_checked_from_the_bytes_on() -> None:
    with pytest.raises(BundleInvalid, match=r"phantom\.png"):
        check_golden_answers(_classifier((2.0,) * 4, golden_file=make_phantom_file()[:500]))


def test_bundle_written_with_an_engines_answers_passes_its_own_check(
    tiny_bundle: Bundle, tiny_engine: TensorFlowEngine
) -> None:
    check_golden_answers(Classifier(tiny_bundle, tiny_engine))


_LOGITS = np.array([[2.0, 0.0, -1.0], [0.5, 0.4, 0.3], [1000.0, 990.0, -3000.0]], np.float32)


@pytest.mark.parametrize("temperature", [0.05, 1.0, 40.0])
def test_each_row_is_a_distribution(temperature: float) -> None:
    probabilities = calibrate(_LOGITS, temperature)
    assert probabilities.dtype == np.float64
    assert probabilities.min() >= 0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-12)


def test_temperature_one_is_the_softmax() -> None:
    np.testing.assert_allclose(calibrate(np.log([[0.2, 0.5, 0.3]]).astype(np.float32), 1.0), [[0.2, 0.5, 0.3]], 1e-6)


def test_temperature_divides_the_logits() -> None:
    np.testing.assert_allclose(calibrate(_LOGITS[:2], 2.5), calibrate(_LOGITS[:2] / np.float32(2.5), 1.0), atol=1e-7)


def test_higher_temperature_is_less_sure_and_keeps_the_order() -> None:
    plain, soft = calibrate(_LOGITS[:2], 1.0), calibrate(_LOGITS[:2], 2.0)
    assert (soft.max(axis=1) < plain.max(axis=1)).all()
    np.testing.assert_array_equal(plain.argsort(axis=1), soft.argsort(axis=1))


def test_uniform_weight_is_shared_equally_by_all_classes() -> None:
    found = calibrate(_LOGITS, 1.3, 0.06)
    np.testing.assert_allclose(found, 0.94 * calibrate(_LOGITS, 1.3) + 0.02)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert found.min() >= 0.02


def test_constant_added_to_the_logits_changes_nothing() -> None:
    np.testing.assert_allclose(calibrate(_LOGITS + 50, 1.3), calibrate(_LOGITS, 1.3), atol=1e-6)


def test_huge_logits_give_certainty() -> None:
    huge = np.array([[3e38, -3e38, 0.0], [-3e38, -3e38, -3e38]], np.float32)
    np.testing.assert_allclose(calibrate(huge, 0.25), np.array([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]]))
