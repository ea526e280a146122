"""A study is judged by ten millimetres of evidence, within limits of its own."""

import numpy as np
import pytest
from scipy.special import expit, logit

from tests.factories import make_study_model, make_trust
from tumorscope.domain.prediction import Decision, Prediction
from tumorscope.inference.classifier import decide_study, weigh
from tumorscope.inference.findings import Stretch, measure_evidence
from tumorscope.model.manifest import SequenceStudyManifest, TrustManifest

_KINDS = {"glioma": 0.6, "meningioma": 0.1, "no_tumor": 0.2, "pituitary": 0.1}


def _measure(shares: list[float], step_mm: float = 1, stretch: Stretch | None = None) -> float:
    """The evidence as a probability."""
    log_odds = np.asarray(logit(np.array(shares)), np.float64)
    evidence = measure_evidence(step_mm * np.arange(len(shares), dtype=np.float64), log_odds, stretch)
    return float(expit(evidence))


@pytest.mark.parametrize(("step_mm", "slices"), [(1, 10), (3, 3), (5, 2), (6, 1), (20, 1)])
def test_evidence_is_the_highest_mean_over_ten_millimetres(step_mm: float, slices: int) -> None:
    shares = [0.1] * 30
    shares[7 : 7 + slices] = [0.9] * slices
    assert _measure(shares, step_mm) == pytest.approx(0.9)
    if slices > 1:
        shares[7] = 0.1
        assert _measure(shares, step_mm) == pytest.approx((0.9 * (slices - 1) + 0.1) / slices)


def test_slices_out_of_scope_show_nothing() -> None:
    assert _measure([0.1, np.nan, np.nan, 0.1], 5) == pytest.approx(0.05)


def test_evidence_of_a_stretch_reaches_into_it() -> None:
    shares = [0.1] * 20 + [0.8] * 2 + [0.1] * 20 + [0.9] * 20
    assert _measure(shares, 5, Stretch(20, 21, 20, 97.5, 107.5)) == pytest.approx(0.8)
    assert _measure(shares, 5, Stretch(20, 20, 20, 97.5, 102.5)) == pytest.approx(0.8)
    assert _measure(shares, 10, Stretch(42, 61, 42, 415, 615)) == pytest.approx(0.9)


def test_certain_slices_and_single_ones_keep_the_figures_finite() -> None:
    assert 0.99 < _measure([1.0]) < 1
    assert 0 < _measure([0.0, 0.0]) < 0.01


def test_more_evidence_is_more_probable() -> None:
    assert weigh(make_study_model(), 1) > weigh(make_study_model(), 0) == 0.5


def test_sequence_has_a_regression_of_its_own() -> None:
    study = _with_flair(tumor_kept_from=0.1).study
    assert study is not None
    assert weigh(study, 1, "flair") > weigh(study, 1, "t1") == weigh(study, 1)


def _with_flair(tumor_kept_from: float) -> TrustManifest:
    flair = SequenceStudyManifest(intercept=0, slope=2, tumor_kept_from=tumor_kept_from)
    study = make_study_model().model_copy(update={"by_sequence": {"flair": flair}})
    return make_trust().model_copy(update={"study": study, "tumor_sequences": ["flair", "t1ce"]})


def test_sequence_that_overlooks_tumours_excludes_none_where_others_could() -> None:
    trust = _with_flair(tumor_kept_from=0.1)
    for sequence in (None, "t1ce"):
        assert decide_study(0.2, _KINDS, trust, "balanced", sequence).decision is Decision.NO_TUMOR
    prediction = decide_study(0.2, _KINDS, trust, "balanced", "flair")
    assert (prediction.decision, prediction.prediction_set) == (Decision.UNCERTAIN, ("glioma", "no_tumor"))
    (reason,) = prediction.reasons
    assert (reason.code, reason.params) == ("sequence_cannot_exclude", {"sequence": "flair", "able": "t1ce"})
    assert "FLAIR" in reason.message
    assert "contrast-enhanced T1" in reason.message
    assert decide_study(0.05, _KINDS, trust, "balanced", "flair").decision is Decision.NO_TUMOR
    assert decide_study(0.9, _KINDS, trust, "balanced", "flair").decision is Decision.TUMOR


def test_doubt_that_every_sequence_would_have_is_not_put_down_to_one() -> None:
    prediction = decide_study(0.5, _KINDS, _with_flair(tumor_kept_from=0.1), "balanced", "flair")
    assert "sequence_cannot_exclude" not in [reason.code for reason in prediction.reasons]


def _decide(probability: float, kinds: dict[str, float] = _KINDS) -> Prediction:
    return decide_study(probability, kinds, make_trust().model_copy(update={"study": make_study_model()}), "balanced")


@pytest.mark.parametrize(
    ("probability", "decision", "kept"),
    [
        (0.9, Decision.TUMOR, ("glioma",)),
        (0.1, Decision.NO_TUMOR, ("no_tumor",)),
        (0.5, Decision.UNCERTAIN, ("glioma", "no_tumor")),
    ],
)
def test_limits_of_the_study_say_whether(probability: float, decision: Decision, kept: tuple[str, ...]) -> None:
    prediction = _decide(probability)
    assert (prediction.decision, prediction.prediction_set) == (decision, kept)
    assert prediction.tumor_probability == pytest.approx(probability)
    assert prediction.probabilities["glioma"] == pytest.approx(probability * 0.75)
    assert sum(prediction.probabilities.values()) == pytest.approx(1)
    assert prediction.label == ("glioma" if decision is Decision.TUMOR else None)


def test_kinds_that_the_limit_keeps_are_all_possible() -> None:
    prediction = _decide(0.9, {"glioma": 0.4, "meningioma": 0.38, "no_tumor": 0.2, "pituitary": 0.02})
    assert prediction.decision is Decision.UNCERTAIN
    assert prediction.prediction_set == ("glioma", "meningioma")
    assert "several_kinds_possible" in [reason.code for reason in prediction.reasons]


def test_kind_that_no_limit_keeps_stays_open() -> None:
    kinds = {"a": 0.1, "b": 0.1, "c": 0.1, "d": 0.1, "no_tumor": 0.6}
    prediction = _decide(0.9, kinds)
    assert prediction.decision is Decision.UNCERTAIN
    assert prediction.prediction_set == ("a", "b", "c", "d")
