"""Examples in, how well source, plane and sequence alone predict their label out."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats.contingency import association

from tumorscope.datasets.example import Example
from tumorscope.domain.labels import NO_TUMOR

UNSTATED = "not stated"
"""For attributes that a data set does not state."""

ATTRIBUTES: dict[str, Callable[[Example], str]] = {
    "source": lambda example: example.source,
    "plane": lambda example: example.plane or UNSTATED,
    "sequence": lambda example: example.sequence or UNSTATED,
    "source, plane and sequence": lambda example: ", ".join(
        (example.source, example.plane or UNSTATED, example.sequence or UNSTATED)
    ),
}
"""Attributes that may predict a label."""

QUESTIONS: dict[str, Callable[[Example], str]] = {
    "label": lambda example: example.label,
    "tumour or none": lambda example: "none" if example.label == NO_TUMOR else "tumour",
}
"""The labels that they may predict."""


@dataclass(frozen=True, slots=True)
class Shortcut:
    """How well one attribute alone predicts an answer.

    Parameters
    ----------
    attribute, question : str
        Of `ATTRIBUTES` and `QUESTIONS`.
    values : int
        The number of different values of the attribute.
    accuracy : float
        Of predicting the most frequent answer among examples with the same value.
    base_rate : float
        Of predicting the most frequent answer of all.
    cramers_v : float
        0 for independent attributes, 1 where the attribute determines the answer; 0 if either has only one value.
    """

    attribute: str
    question: str
    values: int
    accuracy: float
    base_rate: float
    cramers_v: float


@dataclass(frozen=True, slots=True)
class ClassTable:
    """The contingency table of labels, in columns, by an attribute: each row a value, and the count of each label."""

    attribute: str
    labels: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]


def count_classes(examples: Sequence[Example], attribute: str) -> ClassTable:
    """The table of labels by one of `ATTRIBUTES`; most frequent value first."""
    labels = tuple(sorted({example.label for example in examples}))
    value_of = ATTRIBUTES[attribute]
    counts = Counter((value_of(example), example.label) for example in examples)
    totals = Counter(value_of(example) for example in examples)
    rows = tuple((value, tuple(counts[value, label] for label in labels)) for value, _ in totals.most_common())
    return ClassTable(attribute, labels, rows)


def measure_shortcuts(examples: Sequence[Example]) -> list[Shortcut]:
    """Measure how well each attribute predicts each answer, by question, then by attribute."""
    return [_measure(examples, attribute, question) for question in QUESTIONS for attribute in ATTRIBUTES]


def _measure(examples: Sequence[Example], attribute: str, question: str) -> Shortcut:
    value_of, answer_of = ATTRIBUTES[attribute], QUESTIONS[question]
    counts = Counter((value_of(example), answer_of(example)) for example in examples)
    values = sorted({value for value, _ in counts})
    answers = sorted({answer for _, answer in counts})
    table = np.array([[counts[value, answer] for answer in answers] for value in values])
    return Shortcut(
        attribute,
        question,
        len(values),
        float(table.max(axis=1).sum() / table.sum()),
        float(table.sum(axis=0).max() / table.sum()),
        # Cramér, Mathematical Methods of Statistics, 1946, section 21.9.
        float(association(table, method="cramer")) if min(table.shape) > 1 else 0.0,
    )
