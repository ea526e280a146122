"""Intervals by bootstrap over patients."""

import numpy as np
import pytest

from tests.backend.unit.evaluation.scores import make_random_scored, make_scored
from tumorscope.evaluation.metrics import bootstrap
from tumorscope.evaluation.metrics.figures import measure_figures


def test_interval_holds_the_value_and_narrows_with_more_patients() -> None:
    widths = []
    for repeats in (1, 40):
        scored = make_scored(["glioma"] * 10 * repeats, (["glioma"] * 7 + ["no_tumor"] * 3) * repeats)
        figure = measure_figures(scored)["accuracy"]
        assert figure["low"] is not None
        assert figure["high"] is not None
        assert figure["low"] <= figure["value"] <= figure["high"]
        widths.append(figure["high"] - figure["low"])
    assert widths[1] < widths[0] / 3


def test_interval_is_that_of_the_normal_approximation_for_many_patients() -> None:
    scored = make_scored(["glioma"] * 1000, ["glioma"] * 800 + ["no_tumor"] * 200)
    figure = measure_figures(scored)["accuracy"]
    half = 1.96 * (0.8 * 0.2 / 1000) ** 0.5
    assert figure["low"] == pytest.approx(0.8 - half, abs=0.004)
    assert figure["high"] == pytest.approx(0.8 + half, abs=0.004)


def test_slices_of_one_patient_are_drawn_together() -> None:
    alone = make_scored(["glioma"] * 40, ["glioma"] * 20 + ["no_tumor"] * 20)
    together = make_scored(
        ["glioma"] * 40, ["glioma"] * 20 + ["no_tumor"] * 20, patients=[f"p{row // 10}" for row in range(40)]
    )
    narrow, wide = (measure_figures(scored)["accuracy"] for scored in (alone, together))
    assert wide["low"] is not None
    assert narrow["low"] is not None
    assert wide["low"] < narrow["low"]
    assert wide["patients"] == 4


def test_single_patient_has_a_value_and_no_interval() -> None:
    figure = measure_figures(make_scored(["glioma", "glioma"], ["glioma", "no_tumor"], patients=["a", "a"]))["accuracy"]
    assert figure == {"value": 0.5, "low": None, "high": None, "n": 2, "patients": 1}


def test_weights_that_go_in_several_calls_give_the_same_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    scored = make_random_scored()
    at_once = measure_figures(scored)
    monkeypatch.setattr(bootstrap, "_MAX_WEIGHTS", 10_000)
    assert measure_figures(scored) == at_once


def test_figures_do_not_depend_on_which_others_are_asked_for() -> None:
    scored = make_random_scored()
    assert measure_figures(scored, ["ece"])["ece"] == measure_figures(scored)["ece"]
    assert not any(np.isnan(figure["value"]) for figure in measure_figures(scored).values())
