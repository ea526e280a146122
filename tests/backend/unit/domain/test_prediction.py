"""Probabilities become an answer."""

import pytest

from tumorscope.domain.prediction import Decision, decide

_CLOSE = {"glioma": 0.3, "meningioma": 0.2, "no_tumor": 0.4, "pituitary": 0.1}


def test_tumour_kinds_count_together_against_no_tumour() -> None:
    # No tumour is the most probable class, and yet a tumour is more probable than none.
    prediction = decide(_CLOSE, tumor_threshold=0.5)
    assert (prediction.decision, prediction.label) == (Decision.TUMOR, "glioma")
    assert prediction.tumor_probability == pytest.approx(0.6)


def test_below_the_threshold_there_is_no_tumour_and_no_label() -> None:
    prediction = decide(_CLOSE, tumor_threshold=0.7)
    assert (prediction.decision, prediction.label) == (Decision.NO_TUMOR, None)


def test_threshold_itself_is_a_tumour() -> None:
    assert decide({"glioma": 0.5, "no_tumor": 0.5}, tumor_threshold=0.5).decision is Decision.TUMOR


def test_model_without_a_healthy_class_takes_a_tumour_for_granted_and_says_so() -> None:
    prediction = decide({"hgg": 0.2, "lgg": 0.8}, tumor_threshold=0.99)
    assert (prediction.decision, prediction.label, prediction.tumor_probability) == (Decision.TUMOR, "lgg", None)
    assert [reason.code for reason in prediction.reasons] == ["tumor_assumed"]


@pytest.mark.parametrize("healthy", [1.0 + 1e-12, -1e-12])
def test_rounding_leaves_the_tumour_probability_a_probability(healthy: float) -> None:
    probability = decide({"glioma": 1 - healthy, "no_tumor": healthy}, 0.5).tumor_probability
    assert probability is not None
    assert 0 <= probability <= 1


def test_probabilities_are_passed_on_in_their_order() -> None:
    assert list(decide(_CLOSE, 0.5).probabilities.items()) == list(_CLOSE.items())
