"""Scored slices, made on the spot."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.evaluation.metrics.decisions import DecisionRow
from tumorscope.evaluation.metrics.scored import Scored


def make_scored(
    labels: Sequence[str],
    answers: Sequence[str] | NDArray[np.float64],
    class_names: tuple[str, ...] = DEFAULT_CLASS_NAMES,
    **columns: Sequence[str],
) -> Scored:
    """Slices of one collection, each of a patient of its own unless told otherwise.

    Answers are probabilities, or the class of each that is given 0.7 while the others share the rest.
    """
    if isinstance(answers, np.ndarray):
        probabilities = answers
    else:
        rest = 0.3 / (len(class_names) - 1)
        probabilities = np.array([[0.7 if name == answer else rest for name in class_names] for answer in answers])
    count = len(labels)
    defaults = {
        "patients": [f"p{row}" for row in range(count)],
        "sources": ["Br35H"] * count,
        "planes": [""] * count,
        "sequences": [""] * count,
        "volumes": [""] * count,
    }
    filled: dict[str, Any] = {name: np.array(columns.get(name, default)) for name, default in defaults.items()}
    return Scored(labels=np.array(labels), probabilities=probabilities, class_names=class_names, **filled)


def make_decisions(people: int = 60) -> dict[str, list[DecisionRow]]:
    """Slices of so many held-out people, and three studies of external ones."""
    shares = {"tumor": [0.7, 0.9], "no_tumor": [0.0, 0.02], "uncertain": [0.1, 0.3], "refused": [0.0, 0.0]}
    slices = DecisionRow(
        by="all",
        name="held-out patients",
        truth="tumor",
        count=100,
        people=people,
        tumor=80,
        no_tumor=1,
        uncertain=19,
        refused=0,
        right=78,
        intervals={**shares, "right": [0.9, 1.0]},
    )
    studies = DecisionRow(
        by="all",
        name="external data",
        truth="no_tumor",
        count=3,
        people=3,
        tumor=1,
        no_tumor=0,
        uncertain=2,
        refused=0,
        right=0,
        intervals=None,
    )
    by_source: DecisionRow = {**studies, "by": "source", "name": "heads"}
    return {"slices": [slices], "studies": [studies, by_source]}


def make_random_scored(count: int = 300, seed: int = 0, class_names: tuple[str, ...] = DEFAULT_CLASS_NAMES) -> Scored:
    """Labels at random, and answers that lean towards them; three slices a patient."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(len(class_names), size=count // 3).repeat(3)
    logits = rng.normal(0, 1, (len(truth), len(class_names)))
    logits[np.arange(len(truth)), truth] += 1
    # Rounded, so that some scores tie.
    probabilities = np.round(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), 2)
    return make_scored(
        np.asarray(class_names)[truth].tolist(),
        probabilities,
        class_names,
        patients=[f"p{row // 3}" for row in range(len(truth))],
        sources=[f"collection {row // 3 % 2}" for row in range(len(truth))],
    )
