"""Figures of a hand-made set, whose answers are known."""

import numpy as np
import pytest

from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.evaluation.metrics import Scored, expected_calibration_error, summarise
from tumorscope.evaluation.release import fit_temperature
from tumorscope.inference.calibration import calibrate


def _scored(labels: list[str], chosen: list[str], sources: list[str] | None = None) -> Scored:
    probabilities = np.full((len(labels), 4), 0.1)
    for row, name in enumerate(chosen):
        probabilities[row, DEFAULT_CLASS_NAMES.index(name)] = 0.7
    return Scored(
        np.array(labels),
        np.array([f"p{i}" for i in range(len(labels))]),
        np.array(sources or ["Br35H"] * len(labels)),
        probabilities,
        DEFAULT_CLASS_NAMES,
    )


def test_figures_are_those_counted_by_hand() -> None:
    scored = _scored(
        ["glioma", "glioma", "meningioma", "no_tumor", "no_tumor", "pituitary", "tumor"],
        ["glioma", "meningioma", "meningioma", "no_tumor", "glioma", "pituitary", "pituitary"],
    )
    summary = summarise(scored, ("Br35H",), 0.5)
    figures = summary["figures"]
    assert figures["accuracy"]["value"] == pytest.approx(4 / 6, abs=1e-4)
    assert figures["tumor_sensitivity"]["value"] == 1
    assert figures["tumor_specificity_pictures"]["value"] == 0.5
    assert figures["unstated_kind_called_tumor"]["value"] == 1
    assert figures["tumor_kind_by_patient"] == {**figures["tumor_kind_by_patient"], "value": 0.75, "n": 4}
    assert figures["tumor_auc_same_collections"]["value"] == pytest.approx(0.75)
    assert "tumor_specificity_healthy_volumes" not in figures
    assert summary["confusion_matrix"] == [[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]]
    assert summary["classes"]["meningioma"] == {"precision": 0.5, "recall": 1.0, "f1": 0.6667}


def test_interval_holds_the_value_and_narrows_with_more_patients() -> None:
    few = _scored(["glioma"] * 10, ["glioma"] * 7 + ["no_tumor"] * 3)
    many = _scored(["glioma"] * 400, (["glioma"] * 7 + ["no_tumor"] * 3) * 40)
    widths = []
    for scored in (few, many):
        figure = summarise(scored, (), 0.5)["figures"]["accuracy"]
        assert figure["low"] <= figure["value"] <= figure["high"]
        widths.append(figure["high"] - figure["low"])
    assert widths[1] < widths[0] / 3


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    assert expected_calibration_error(_scored(["glioma"] * 10, ["glioma"] * 7 + ["no_tumor"] * 3)) == pytest.approx(0)
    assert expected_calibration_error(_scored(["glioma"] * 10, ["glioma"] * 10)) == pytest.approx(0.3)


def test_fitted_temperature_takes_back_overconfidence() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (4000, 4)).astype(np.float32)
    truth = [rng.choice(4, p=row) for row in calibrate(logits, 1.0)]
    labels = np.asarray(DEFAULT_CLASS_NAMES)[truth]
    names = np.array([str(i) for i in range(4000)])
    overconfident = Scored(labels, names, names, calibrate(logits, 0.5), DEFAULT_CLASS_NAMES)
    assert fit_temperature(overconfident) == pytest.approx(2, rel=0.1)
