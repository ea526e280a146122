"""A study is judged by the length of its evidence and the planes that agree, within limits of its own."""

import numpy as np
import pytest

from tests.factories import make_study_model
from tumorscope.domain.prediction import Decision, Prediction
from tumorscope.domain.scan import Plane
from tumorscope.inference.classifier import decide_study, describe_study, weigh
from tumorscope.inference.findings import Region, Stretch

_KINDS = {"glioma": 0.6, "meningioma": 0.1, "no_tumor": 0.2, "pituitary": 0.1}
_ALL: tuple[Plane, ...] = ("axial", "sagittal", "coronal")


def _region(extent_mm: float = 20, planes: tuple[Plane, ...] = ("axial",), peak: float = 0.9) -> Region:
    return Region(Stretch(0, 9, 5, 0, extent_mm), planes, peak, None)


def _weigh(region: Region | None, planes: int = 3) -> float:
    return weigh(make_study_model(), describe_study(region, np.array([0.4, 0.1]), 0.1, planes))


def test_longer_higher_and_agreeing_evidence_is_more_probable() -> None:
    assert _weigh(_region(40)) > _weigh(_region(20)) > _weigh(None)
    assert _weigh(_region(peak=0.95)) > _weigh(_region(peak=0.6))
    assert _weigh(_region(planes=_ALL)) > _weigh(_region(planes=_ALL[:2])) > _weigh(_region())


def test_certain_slices_keep_the_figures_finite() -> None:
    assert np.isfinite(describe_study(_region(peak=1.0), np.ones(3), 0.1, 3)).all()
    assert np.isfinite(describe_study(None, np.zeros(3), 0.1, 1)).all()


def test_slices_out_of_scope_do_not_count() -> None:
    shares = np.array([0.1, 0.2, np.nan, 0.9])
    assert np.array_equal(describe_study(None, shares, 0.5, 1), describe_study(None, shares[[0, 1, 3]], 0.5, 1))


def test_what_a_share_of_the_slices_reaches_counts() -> None:
    few, many = (describe_study(_region(), np.array(shares), 0.5, 1) for shares in ([0.1, 0.1, 0.9], [0.1, 0.9, 0.9]))
    assert (many - few).tolist() == pytest.approx([0, 2 * np.log(9), 0, 0, 0])


def _decide(probability: float, kinds: dict[str, float] = _KINDS) -> Prediction:
    return decide_study(probability, kinds, make_study_model(), "balanced")


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
