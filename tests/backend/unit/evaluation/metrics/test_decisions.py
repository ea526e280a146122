"""The table of decisions counts what users get: answers, silence and refusals, and how many answers are right."""

from dataclasses import replace

import pytest

from tumorscope.datasets.example import Example, ImageFileReference
from tumorscope.datasets.shortcuts import UNSTATED
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.domain.prediction import Decision, Prediction
from tumorscope.domain.scan import Plane
from tumorscope.evaluation.metrics.decisions import DecisionRow, Judged, count_decisions
from tumorscope.evaluation.studies.find import Study


def _judge(
    label: str, answer: str, person: str = "p", source: str = "s", sequence: str | None = "t1", group: str = "g"
) -> Judged:
    decision = Decision(answer) if answer in set(Decision) else Decision.TUMOR
    kind = answer if decision is Decision.TUMOR else None
    example = Example(ImageFileReference.__new__(ImageFileReference), label, person, source, sequence=sequence)
    return Judged(example, group, Prediction(decision, kind, {}, None))


def _count(judged: list[Judged], by: str = "all") -> list[DecisionRow]:
    return [row for row in count_decisions(judged, DEFAULT_CLASS_NAMES) if row["by"] == by]


def test_every_answer_is_counted_once_and_the_kind_has_to_be_right() -> None:
    answers = ["glioma", "meningioma", "no_tumor", "uncertain", "out_of_scope"]
    (row,) = _count([_judge("glioma", answer, f"p{number}") for number, answer in enumerate(answers)])
    assert (row["count"], row["people"], row["truth"]) == (5, 5, "tumor")
    assert (row["tumor"], row["no_tumor"], row["uncertain"], row["refused"]) == (2, 1, 1, 1)
    assert row["right"] == 1


@pytest.mark.parametrize(("label", "right"), [("tumor", 2), ("metastasis", 2), ("glioma", 1)])
def test_any_kind_is_right_where_the_truth_states_none_that_the_model_knows(label: str, right: int) -> None:
    (row,) = _count([_judge(label, answer) for answer in ("glioma", "pituitary", "no_tumor", "uncertain")])
    assert row["right"] == right


def test_tumour_and_none_are_counted_apart_in_each_group_sequence_and_source() -> None:
    judged = [
        _judge("glioma", "glioma", source="b", group="first"),
        _judge("no_tumor", "no_tumor", source="a", sequence=None, group="second"),
        _judge("no_tumor", "glioma", source="b", group="first"),
    ]
    rows = count_decisions(judged, DEFAULT_CLASS_NAMES)
    assert [(row["by"], row["name"], row["truth"], row["count"], row["right"]) for row in rows] == [
        ("all", "first", "tumor", 1, 1),
        ("all", "first", "no_tumor", 1, 0),
        ("all", "second", "no_tumor", 1, 1),
        ("sequence", "t1", "tumor", 1, 1),
        ("sequence", "t1", "no_tumor", 1, 0),
        ("sequence", UNSTATED, "no_tumor", 1, 1),
        ("source", "a", "no_tumor", 1, 1),
        ("source", "b", "tumor", 1, 1),
        ("source", "b", "no_tumor", 1, 0),
    ]


def test_false_alarms_are_counted_by_height_of_axial_slices() -> None:
    def at(position: float, plane: Plane = "axial") -> Judged:
        judged = _judge("no_tumor", "glioma")
        assert isinstance(judged.case, Example)
        return replace(judged, case=replace(judged.case, plane=plane, position=position))

    rows = _count([at(1.0), at(0.9), at(0.1), at(0.5, "sagittal"), _judge("no_tumor", "no_tumor")], "height")
    assert [(row["name"], row["count"]) for row in rows] == [("axial, lowest third", 1), ("axial, highest third", 2)]


def test_interval_is_of_people_and_absent_where_they_are_few() -> None:
    alike = [_judge("glioma", "glioma" if number % 2 else "uncertain", f"p{number}") for number in range(40)]
    (row,) = _count(alike)
    assert row["intervals"] is not None
    low, high = row["intervals"]["tumor"] or (0, 0)
    assert low < 0.5 < high
    # Nobody is answered wrongly, and nobody is answered 'no_tumor'.
    assert row["intervals"]["right"] == [1, 1]
    assert row["intervals"]["no_tumor"] == [0, 0]
    # The same slices ten times over are no more people.
    assert _count(alike * 10)[0]["intervals"] == row["intervals"]
    assert _count([_judge("glioma", "glioma", f"p{number}") for number in range(19)])[0]["intervals"] is None


def test_share_of_no_answers_is_undefined() -> None:
    (row,) = _count([_judge("glioma", "uncertain", f"p{number}") for number in range(30)])
    assert row["intervals"] is not None
    assert row["intervals"]["right"] is None


def test_studies_are_counted_like_slices() -> None:
    study = Study((), "no_tumor", "p", "heads", "t2")
    (row,) = _count([Judged(study, "g", Prediction(Decision.NO_TUMOR, None, {}, 0.1))])
    assert (row["no_tumor"], row["right"]) == (1, 1)
