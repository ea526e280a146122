"""Predictions of slices or studies and the truth in, the table of decisions out: what users get."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

import numpy as np

from tumorscope.datasets.example import Example
from tumorscope.datasets.shortcuts import UNSTATED
from tumorscope.domain.labels import NO_TUMOR, TUMOR_OF_UNSTATED_KIND, allowed_classes
from tumorscope.domain.prediction import Decision, Prediction
from tumorscope.evaluation.metrics.bootstrap import CONFIDENCE, ROUNDS
from tumorscope.evaluation.studies.find import Study

FEWEST_PEOPLE = 20
"""Of fewer people a figure is a count, without an interval."""

Grouping = Literal["all", "sequence", "source", "height"]
Answer = Literal["tumor", "no_tumor", "uncertain", "refused"]
_HEIGHTS = ("axial, lowest third", "axial, middle third", "axial, highest third")
ANSWERS: dict[Decision, Answer] = {
    Decision.TUMOR: "tumor",
    Decision.NO_TUMOR: "no_tumor",
    Decision.UNCERTAIN: "uncertain",
    Decision.OUT_OF_SCOPE: "refused",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A slice or study, the group of people that it is of, and what the pipeline that serves says of it."""

    case: Example | Study
    group: str
    prediction: Prediction


class DecisionRow(TypedDict):
    """How a group of slices or studies is answered.

    ``tumor``, ``no_tumor``, ``uncertain`` and ``refused`` add up to ``count``. ``right`` counts those of the answers
    ``tumor`` and ``no_tumor`` that are right, the kind of tumour included where the truth states one. ``intervals`` are
    95 % intervals of the shares of ``count``, and for ``right`` of the answers, by bootstrap over people; None of fewer
    than `FEWEST_PEOPLE`.
    """

    by: Grouping
    name: str
    truth: Literal["tumor", "no_tumor"]
    count: int
    people: int
    tumor: int
    no_tumor: int
    uncertain: int
    refused: int
    right: int
    intervals: dict[str, list[float] | None] | None


def count_decisions(judged: Sequence[Judged], class_names: tuple[str, ...]) -> list[DecisionRow]:
    """Rows for all of each group, each sequence, each source and each third of the head, with a tumour and without.

    Groups in the order of their first case; sequences and sources by name; heights from below, of axial slices.
    """
    names: dict[Grouping, Callable[[Judged], str | None]] = {
        "all": lambda one: one.group,
        "sequence": lambda one: one.case.sequence or UNSTATED,
        "source": lambda one: one.case.source,
        "height": _name_height,
    }
    rows = []
    for by, name_of in names.items():
        found = list(dict.fromkeys(name for name in map(name_of, judged) if name is not None))
        if by == "height":
            found = [name for name in _HEIGHTS if name in found]
        for name in found if by in {"all", "height"} else sorted(found, key=lambda name: (name == UNSTATED, name)):
            part = [one for one in judged if name_of(one) == name]
            with_tumor = [one for one in part if one.case.label != NO_TUMOR]
            without = [one for one in part if one.case.label == NO_TUMOR]
            rows += [_count(by, name, "tumor", with_tumor, class_names)] if with_tumor else []
            rows += [_count(by, name, "no_tumor", without, class_names)] if without else []
    return rows


def _count(
    by: Grouping,
    name: str,
    truth: Literal["tumor", "no_tumor"],
    judged: Sequence[Judged],
    class_names: tuple[str, ...],
) -> DecisionRow:
    given = np.array([[ANSWERS[one.prediction.decision] == answer for answer in ANSWERS.values()] for one in judged])
    right = np.array([_is_right(one, class_names) for one in judged])
    people, person = np.unique([one.case.patient_id for one in judged], return_inverse=True)
    # A row a person: the four answers, those that are right, and all.
    counts = np.zeros((len(people), given.shape[1] + 2))
    np.add.at(counts, person, np.column_stack([given, right, np.ones(len(judged), bool)]))
    totals = counts.sum(axis=0).astype(int)
    tumor, no_tumor, uncertain, refused = totals[:4].tolist()
    return DecisionRow(
        by=by,
        name=name,
        truth=truth,
        count=len(judged),
        people=len(people),
        tumor=tumor,
        no_tumor=no_tumor,
        uncertain=uncertain,
        refused=refused,
        right=int(totals[4]),
        intervals=_bootstrap(counts) if len(people) >= FEWEST_PEOPLE else None,
    )


def _name_height(one: Judged) -> str | None:
    """The third of the head that an axial slice lies in; None where it is not known."""
    if not isinstance(one.case, Example) or one.case.plane != "axial" or one.case.position is None:
        return None
    return _HEIGHTS[min(int(one.case.position * len(_HEIGHTS)), len(_HEIGHTS) - 1)]


def _is_right(one: Judged, class_names: tuple[str, ...]) -> bool:
    if one.prediction.decision not in {Decision.TUMOR, Decision.NO_TUMOR}:
        return False
    label = one.case.label if one.case.label in class_names else TUMOR_OF_UNSTATED_KIND
    return (one.prediction.label or NO_TUMOR) in allowed_classes(label, class_names)


def _bootstrap(counts: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> dict[str, list[float] | None]:
    """People are drawn with replacement, each with all slices or studies."""
    people = len(counts)
    draws = np.random.default_rng(0).multinomial(people, np.full(people, 1 / people), size=ROUNDS)
    drawn = draws @ counts
    names = [*ANSWERS.values(), "right"]
    of = {name: drawn[:, 0] + drawn[:, 1] if name == "right" else drawn[:, -1] for name in names}
    intervals: dict[str, list[float] | None] = {}
    for column, name in enumerate(names):
        defined = of[name] > 0
        shares = drawn[defined, column] / of[name][defined]
        bounds = np.quantile(shares, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]) if defined.any() else None
        intervals[name] = None if bounds is None else [round(float(bound), 4) for bound in bounds]
    return intervals
