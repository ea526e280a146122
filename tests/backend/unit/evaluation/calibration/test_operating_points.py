"""The operating points decide real held-out slices differently, and as they are described.

``held_out_logits.csv`` holds the logits that the shipped network gives to the held-out slices of its split.
"""

import csv
from pathlib import Path

import numpy as np
import pytest

from tests.backend.unit.evaluation.scores import make_scored
from tumorscope.api.settings import Settings
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.domain.prediction import Decision, DecisionRule, Prediction, decide
from tumorscope.evaluation.calibration.cross_validation import measure_decisions
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.inference.classifier import calibrate
from tumorscope.model.bundle import read_bundle
from tumorscope.model.manifest import OperatingPoint


@pytest.fixture(scope="module")
def held_out() -> Scored:
    """The answers at temperature 1."""
    with Path(__file__).with_name("held_out_logits.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    logits = np.array([[float(row[name]) for name in DEFAULT_CLASS_NAMES] for row in rows], np.float32)
    return make_scored(
        [row["label"] for row in rows],
        calibrate(logits, 1.0),
        patients=[row["patient"] for row in rows],
        sources=[row["source"] for row in rows],
        volumes=["volume" if row["in_volume"] == "1" else "" for row in rows],
    )


def _decide(scored: Scored, point: OperatingPoint) -> list[Prediction]:
    """As the bundle that ships decides."""
    manifest = read_bundle(Settings().bundle).manifest
    assert manifest.trust is not None
    held = manifest.trust.operating_points[point]
    trust = manifest.trust
    rule = DecisionRule(held.tumor_threshold, held.min_confidence, trust.kept_from, trust.kinds_kept_from)
    logits = np.log(scored.probabilities).astype(np.float32)
    calibrated = calibrate(logits, manifest.temperature, manifest.uniform_weight)
    return [decide(dict(zip(scored.class_names, row, strict=True)), rule) for row in calibrated.tolist()]


def test_screening_answers_no_tumor_less_often_than_balanced_and_tumor_no_less(held_out: Scored) -> None:
    said = {
        point: np.array([prediction.decision for prediction in _decide(held_out, point)])
        for point in ("balanced", "screening")
    }
    count = {
        (point, decision, truth): int((answers == decision)[held_out.with_tumor == truth].sum())
        for point, answers in said.items()
        for decision in (Decision.TUMOR, Decision.NO_TUMOR)
        for truth in (True, False)
    }
    assert count["screening", Decision.NO_TUMOR, False] < count["balanced", Decision.NO_TUMOR, False]
    assert count["screening", Decision.NO_TUMOR, True] <= 0.01 * held_out.with_tumor.sum()
    assert count["screening", Decision.TUMOR, True] >= count["balanced", Decision.TUMOR, True]


def test_points_keep_their_meaning_on_patients_that_they_were_not_fitted_on(held_out: Scored) -> None:
    figures = {
        name: figure["value"] for name, figure in measure_decisions(held_out).items() if isinstance(figure, dict)
    }
    assert figures["screening_tumor_called_none"] <= 0.01
    assert figures["screening_picture_called_none"] < figures["balanced_picture_called_none"]
    assert figures["screening_tumor_called_tumor"] >= figures["balanced_tumor_called_tumor"]
    assert figures["balanced_answered"] > 0.79
    assert figures["balanced_right_of_answered"] > 0.96
    assert figures["balanced_right_of_answered"] > figures["screening_right_of_answered"]
