"""Shortcuts to the label are measured."""

from pathlib import Path

import pytest

from tumorscope.datasets.example import Example, ImageFileReference
from tumorscope.datasets.shortcuts import Shortcut, count_classes, measure_shortcuts


def _make(label: str, source: str, count: int) -> list[Example]:
    return [
        Example(ImageFileReference(Path(f"{label}{source}{n}.png")), label, f"{source}{n}", source)
        for n in range(count)
    ]


def _find(shortcuts: list[Shortcut], attribute: str, question: str) -> Shortcut:
    return next(one for one in shortcuts if (one.attribute, one.question) == (attribute, question))


def test_source_that_determines_the_label_is_found() -> None:
    shortcut = _find(measure_shortcuts(_make("glioma", "a", 6) + _make("no_tumor", "b", 4)), "source", "label")
    assert (shortcut.accuracy, shortcut.base_rate, shortcut.values) == (1, 0.6, 2)
    assert shortcut.cramers_v == pytest.approx(1)


def test_independent_source_is_found() -> None:
    examples = [example for source in "ab" for label in ("glioma", "no_tumor") for example in _make(label, source, 3)]
    shortcut = _find(measure_shortcuts(examples), "source", "tumour or none")
    assert (shortcut.accuracy, shortcut.base_rate) == (0.5, 0.5)
    assert shortcut.cramers_v == pytest.approx(0)


def test_single_source_gives_nothing_away() -> None:
    shortcut = _find(measure_shortcuts(_make("glioma", "a", 3) + _make("no_tumor", "a", 1)), "source", "label")
    assert (shortcut.accuracy, shortcut.base_rate, shortcut.cramers_v) == (0.75, 0.75, 0)


def test_kinds_of_tumour_are_one_answer_to_whether_there_is_one() -> None:
    examples = _make("glioma", "a", 1) + _make("pituitary", "a", 1) + _make("tumor", "a", 1) + _make("no_tumor", "b", 1)
    assert _find(measure_shortcuts(examples), "source", "tumour or none").accuracy == 1


def test_labels_are_counted_by_value_most_frequent_first() -> None:
    table = count_classes(_make("glioma", "a", 1) + _make("no_tumor", "b", 3) + _make("glioma", "b", 1), "source")
    assert table.labels == ("glioma", "no_tumor")
    assert table.rows == (("b", (1, 3)), ("a", (1, 0)))


def test_what_is_not_stated_is_a_value() -> None:
    assert count_classes(_make("glioma", "a", 2), "plane").rows == (("not stated", (2,)),)
