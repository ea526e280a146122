"""Figures are written one way: percentages with intervals, and counts where people are few."""

import pytest

from tests.backend.unit.evaluation.scores import make_random_scored, make_scored
from tumorscope.evaluation.metrics.summary import summarise
from tumorscope.evaluation.report.sections import figure_table, show_share


@pytest.mark.parametrize(
    ("count", "total", "people", "interval", "words"),
    [
        (0, 3, 3, None, "0 of 3"),
        (19, 19, 19, [1.0, 1.0], "19 of 19"),
        (415, 520, 60, [0.7512, 0.8498], "79.8 % (75.1 to 85.0)"),
        (1, 20, 20, None, "5.0 %"),
        (1, 3, 31, [0.0, 1.0], "1 of 3"),
        (0, 0, 60, None, "–"),
    ],
)
def test_share_of_few_people_is_a_count(
    count: int, total: int, people: int, interval: list[float] | None, words: str
) -> None:
    assert show_share(count, total, people, interval) == words


def test_threshold_figures_of_few_patients_are_counts_or_nothing() -> None:
    few = make_scored(["glioma", "no_tumor", "glioma"], ["glioma", "no_tumor", "no_tumor"])
    cells = {row[0]: row[1:3] for row in figure_table(summarise(few, "a")["figures"])}
    assert cells["Accuracy"] == ["2 of 3", ""]
    assert cells["Expected calibration error"] == ["–", ""]
    many = {row[0]: row[1:3] for row in figure_table(summarise(make_random_scored(), "a")["figures"])}
    assert "to" in many["Accuracy"][1]
