"""Probabilities become an answer."""

import pytest

from tumorscope.domain.prediction import Decision, DecisionRule, decide, refuse
from tumorscope.domain.reasons import LIKE_CT

_CLOSE = {"glioma": 0.3, "meningioma": 0.2, "no_tumor": 0.4, "pituitary": 0.1}


def test_tumour_kinds_count_together_against_no_tumour() -> None:
    # No tumour is the most probable class, and yet a tumour is more probable than none.
    prediction = decide(_CLOSE, DecisionRule(0.5))
    assert (prediction.decision, prediction.label) == (Decision.TUMOR, "glioma")
    assert prediction.tumor_probability == pytest.approx(0.6)


def test_below_the_threshold_there_is_no_tumour_and_no_label() -> None:
    prediction = decide(_CLOSE, DecisionRule(0.7))
    assert (prediction.decision, prediction.label) == (Decision.NO_TUMOR, None)


def test_threshold_itself_is_a_tumour() -> None:
    assert decide({"glioma": 0.5, "no_tumor": 0.5}, DecisionRule(0.5)).decision is Decision.TUMOR


def test_model_without_a_healthy_class_takes_a_tumour_for_granted_and_says_so() -> None:
    prediction = decide({"hgg": 0.2, "lgg": 0.8}, DecisionRule(0.99))
    assert (prediction.decision, prediction.label, prediction.tumor_probability) == (Decision.TUMOR, "lgg", None)
    assert [reason.code for reason in prediction.reasons] == ["tumor_assumed"]


@pytest.mark.parametrize("healthy", [1.0 + 1e-12, -1e-12])
def test_rounding_leaves_the_tumour_probability_a_probability(healthy: float) -> None:
    probability = decide({"glioma": 1 - healthy, "no_tumor": healthy}, DecisionRule(0.5)).tumor_probability
    assert probability is not None
    assert 0 <= probability <= 1


def test_probabilities_are_passed_on_in_their_order() -> None:
    assert list(decide(_CLOSE, DecisionRule(0.5)).probabilities.items()) == list(_CLOSE.items())


_RULE = DecisionRule(0.3, 0.6, {"tumor": 0.37, "no_tumor": 0.25}, kinds_kept_from=0.25)


def _name(glioma: float, meningioma: float, no_tumor: float, pituitary: float) -> dict[str, float]:
    return {"glioma": glioma, "meningioma": meningioma, "no_tumor": no_tumor, "pituitary": pituitary}


@pytest.mark.parametrize(
    ("probabilities", "kept", "decision", "codes"),
    [
        (_name(0.9, 0.05, 0.03, 0.02), ("glioma",), Decision.TUMOR, []),
        (_name(0.02, 0.02, 0.94, 0.02), ("no_tumor",), Decision.NO_TUMOR, []),
        (_name(0.62, 0.05, 0.3, 0.03), ("glioma", "no_tumor"), Decision.UNCERTAIN, ["tumor_and_none_possible"]),
        (_name(0.65, 0.3, 0.03, 0.02), ("glioma", "meningioma"), Decision.UNCERTAIN, ["several_kinds_possible"]),
        (_name(0.55, 0.15, 0.15, 0.15), ("glioma",), Decision.UNCERTAIN, ["low_confidence"]),
        (_name(0.14, 0.14, 0.64, 0.08), ("no_tumor",), Decision.UNCERTAIN, ["tumor_not_excluded"]),
        (
            _name(0.24, 0.24, 0.24, 0.28),
            ("glioma", "meningioma", "pituitary"),
            Decision.UNCERTAIN,
            ["several_kinds_possible", "low_confidence"],
        ),
    ],
)
def test_doubt_is_uncertain_and_says_why(
    probabilities: dict[str, float], kept: tuple[str, ...], decision: Decision, codes: list[str]
) -> None:
    prediction = decide(probabilities, _RULE)
    assert (prediction.prediction_set, prediction.decision) == (kept, decision)
    assert [reason.code for reason in prediction.reasons] == codes
    assert (prediction.label is not None) == (decision is Decision.TUMOR)


@pytest.mark.parametrize(
    ("tumor_from", "none_from", "kept"),
    [(0.99, 0.25, ()), (0.99, 0.03, ("no_tumor",)), (0.9, 0.25, ("pituitary",))],
    ids=["unlike any class", "like another class than the likeliest", "like the likeliest"],
)
def test_class_that_is_usually_likelier_than_this_is_not_in_the_set(
    tumor_from: float, none_from: float, kept: tuple[str, ...]
) -> None:
    rule = DecisionRule(0.3, 0.6, {"tumor": tumor_from, "no_tumor": none_from}, kinds_kept_from=0.25)
    prediction = decide(_name(0.14, 0.04, 0.04, 0.78), rule)
    assert prediction.prediction_set == kept
    # The least confidence alone would have let it through.
    expected = (Decision.TUMOR, []) if "pituitary" in kept else (Decision.UNCERTAIN, ["low_confidence"])
    assert (prediction.decision, [reason.code for reason in prediction.reasons]) == expected


def test_refused_slice_has_neither_label_nor_set() -> None:
    refused = refuse(decide(_name(0.9, 0.05, 0.03, 0.02), _RULE), LIKE_CT)
    assert (refused.decision, refused.label, refused.prediction_set) == (Decision.OUT_OF_SCOPE, None, None)
    assert refused.reasons == (LIKE_CT,)
