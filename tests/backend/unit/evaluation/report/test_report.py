"""The report holds every figure and plot, needs no other file, and says nothing of what does not apply."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.backend.unit.evaluation.scores import make_decisions, make_random_scored
from tumorscope import NOTICE
from tumorscope.evaluation.metrics.figures import DEFINITIONS
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.evaluation.metrics.summary import summarise
from tumorscope.evaluation.report.plots import draw_plots
from tumorscope.evaluation.report.report import write_report

_PNG = b"\x89PNG\r\n\x1a\n"
# In a cell or an interval; a picture's base64 may spell anything.
_NOT_A_NUMBER = re.compile(r"(?:>|\(| )nan\b", re.IGNORECASE)


def _metrics(scored: Scored, **more: Any) -> dict[str, Any]:
    return {
        "notice": NOTICE,
        "model": {"name": "tumorscope-vgg16", "version": "1.2.3", "sha256": "ab" * 32},
        "engine": "ncnn-float32",
        "measured": "2026-01-02",
        **summarise(scored, "validation"),
        "operating_point": "balanced",
        "chose_calibration": False,
        "decisions": make_decisions(),
        "baselines": {},
        **more,
    }


def _report(metrics: dict[str, Any], mistakes: list[tuple[bytes, str]] | None = None) -> str:
    return write_report(metrics, draw_plots(metrics), mistakes or [])


@pytest.fixture(scope="module")
def metrics() -> dict[str, Any]:
    return _metrics(make_random_scored())


def test_every_figure_is_in_the_report_with_its_interval(metrics: dict[str, Any]) -> None:
    report = _report(metrics)
    assert metrics["figures"]
    for name, figure in metrics["figures"].items():
        assert f"<td>{DEFINITIONS[name].title}</td><td>{figure['value']:.3f}</td>" in report
        if figure["low"] is not None:
            assert f"{figure['low']:.3f} to {figure['high']:.3f}" in report


def test_report_states_model_data_and_notice(metrics: dict[str, Any]) -> None:
    report = _report(metrics)
    for words in (NOTICE, "tumorscope-vgg16 1.2.3", "300 slices of", "2026-01-02"):
        assert words in report


def test_report_needs_no_other_file(metrics: dict[str, Any]) -> None:
    report = _report(metrics)
    sources = re.findall(r'(?:src|srcset|href)="([^"]*)"', report)
    assert sources
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert "@import" not in report
    assert "<script" not in report


def test_every_plot_is_drawn(metrics: dict[str, Any]) -> None:
    plots = draw_plots(metrics)
    assert set(plots) == {"roc", "precision_recall", "confusion_matrix", "calibration", "decisions"}
    assert all(png.startswith(_PNG) for png in plots.values())


@pytest.mark.parametrize("class_names", [("no_tumor", "tumor"), ("hgg", "lgg")])
def test_models_of_two_classes_have_a_report_without_what_does_not_apply(class_names: tuple[str, ...]) -> None:
    metrics = _metrics(make_random_scored(class_names=class_names))
    report = _report(metrics)
    assert not _NOT_A_NUMBER.search(report)
    assert ("tumor_auc" in metrics["figures"]) is ("no_tumor" in class_names)
    assert "tumor_kind_by_patient" in metrics["figures"] or "no_tumor" in class_names


def test_class_that_never_occurs_leaves_no_gap() -> None:
    scored = make_random_scored()
    report = _report(_metrics(scored.take(scored.labels != "pituitary")))
    assert not _NOT_A_NUMBER.search(report)


def test_data_of_unstated_kinds_alone_has_a_report() -> None:
    scored = make_random_scored(60)
    scored = replace(scored, labels=np.where(scored.labels == "no_tumor", "no_tumor", "tumor"))
    assert "0 of 3" in _report(_metrics(scored.take(scored.labels == "tumor")))


def test_what_comes_from_file_names_is_escaped(metrics: dict[str, Any]) -> None:
    report = _report(metrics, [(_PNG, "glioma, called no tumor; <b>source</b>")])
    assert "&lt;b&gt;source&lt;/b&gt;" in report
    assert "<b>source</b>" not in report
