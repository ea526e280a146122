"""Limits fitted on held-out patients keep what they promise on others."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.backend.unit.evaluation.scores import make_scored
from tests.factories import make_manifest, make_outputs, make_study_model, make_trust
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.domain.prediction import Decision, decide
from tumorscope.evaluation.calibration.cross_validation import (
    cross_fit,
    measure_decisions,
    measure_left_out_sources,
    with_decisions,
)
from tumorscope.evaluation.calibration.decision_limits import COVERAGE, fit_decisions, fit_rules
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.inference.classifier import Classifier, calibrate
from tumorscope.inference.engines.engine import Outputs
from tumorscope.model.bundle import Bundle
from tumorscope.model.manifest import ScopeManifest, StudyReading


def _draw(count: int, seed: int, sharpness: float = 2.5) -> Scored:
    """Answers of a calibrated model: the truth is drawn from what it says. Four slices a patient."""
    rng = np.random.default_rng(seed)
    probabilities = calibrate((sharpness * rng.standard_normal((count, 4))).astype(np.float32), 1.0)
    truth = (probabilities.cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)
    patients = [f"{label}{row // 16}" for row, label in enumerate(truth)]
    return make_scored([DEFAULT_CLASS_NAMES[label] for label in truth], probabilities, patients=patients)


def _join(one: Scored, other: Scored) -> Scored:
    return replace(
        one,
        labels=np.concatenate([one.labels, other.labels]),
        patients=np.concatenate([one.patients, other.patients]),
        sources=np.concatenate([one.sources, other.sources]),
        planes=np.concatenate([one.planes, other.planes]),
        sequences=np.concatenate([one.sequences, other.sequences]),
        volumes=np.concatenate([one.volumes, other.volumes]),
        probabilities=np.concatenate([one.probabilities, other.probabilities]),
    )


def _decide(scored: Scored, rules: object, point: str) -> list[Decision]:
    assert isinstance(rules, dict)
    rows = [dict(zip(scored.class_names, row, strict=True)) for row in scored.probabilities.tolist()]
    return [decide(row, rules[point]).decision for row in rows]


def test_sets_hold_the_truth_of_each_class_as_often_as_they_promise() -> None:
    rules = fit_rules(_draw(4000, 0))
    others = _draw(4000, 1)
    rows = [dict(zip(others.class_names, row, strict=True)) for row in others.probabilities.tolist()]
    kept = [decide(row, rules["balanced"]).prediction_set or () for row in rows]
    held = np.array([label in names for label, names in zip(others.labels, kept, strict=True)])
    for with_tumor in (True, False):
        assert COVERAGE - 0.02 <= held[others.with_tumor == with_tumor].mean() < 0.99


def test_screening_answers_no_tumor_less_and_tumor_more_than_balanced() -> None:
    scored = _draw(4000, 0, sharpness=10)
    rules = fit_rules(scored)
    said = {point: np.array(_decide(scored, rules, point)) for point in rules}
    overlooked = {point: (said[point][scored.with_tumor] == Decision.NO_TUMOR).mean() for point in said}
    found = {point: (said[point][scored.with_tumor] == Decision.TUMOR).mean() for point in said}
    assert overlooked["screening"] < overlooked["balanced"] <= 0.03
    assert overlooked["screening"] <= 0.01
    assert found["screening"] > found["balanced"]


def test_what_is_fitted_becomes_what_the_manifest_holds() -> None:
    scored = _draw(500, 0)
    measured = measure_decisions(scored)
    fitted = fit_decisions(scored)
    scope = ScopeManifest(picture_limit=1, mr_limit=2)
    manifest = with_decisions(make_manifest(), fitted, measured, scope, None)
    assert (manifest.temperature, manifest.uniform_weight) == (fitted.temperature, fitted.uniform_weight)
    assert manifest.trust is not None
    points = manifest.trust.operating_points
    assert set(points) == {"screening", "balanced"}
    for point, held in points.items():
        assert held.min_confidence == pytest.approx(fitted.rules[point].min_confidence, abs=1e-4)
        assert held.figures is not None
        found = measured[f"{point}_tumor_called_tumor"]["value"]
        assert held.figures.tumor.with_tumor == pytest.approx(found, abs=1e-4)
        assert held.figures.tumor.without_tumor < held.figures.tumor.with_tumor
        assert held.figures.no_tumor.with_tumor <= held.figures.no_tumor.without_tumor


class _NoEngine:
    name, device = "none", "cpu"

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        return make_outputs(np.zeros((len(batch), 4), np.float32))


def test_nobody_is_answered_by_limits_that_were_fitted_on_them() -> None:
    scored = _draw(1500, 0, sharpness=4)
    people = np.unique(scored.patients).tolist()
    readings = [
        StudyReading(person=name, source="one", has_tumor=has_tumor, evidence=float(has_tumor))
        for name in people[:9]
        for has_tumor in (False, True)
    ]
    study = make_study_model().model_copy(update={"readings": readings})
    trusted = make_trust().model_copy(update={"study": study, "figures": measure_decisions(scored)})
    manifest = make_manifest().model_copy(update={"trust": trusted})
    fitted = cross_fit(Classifier(Bundle(manifest, "", {}, {}), _NoEngine()), scored)
    assert set(fitted) == set(people)
    rules = set()
    for name, classifier in fitted.items():
        trust = classifier.bundle.manifest.trust
        assert trust is not None
        assert trust.study is not None
        known = {one.person for one in trust.study.readings}
        assert known == set(people[:9]) - {name}
        rules.add(tuple(trust.kept_from.values()))
    assert len(rules) == 5


def test_rules_are_measured_on_patients_they_were_not_fitted_on() -> None:
    figures = measure_decisions(_draw(1500, 0, sharpness=4))
    for name in DEFAULT_CLASS_NAMES:
        assert COVERAGE - 0.03 <= figures[f"coverage_{name}"]["value"] < 0.99
    assert figures["ece"]["value"] < 0.05
    assert 0.6 < figures["balanced_answered"]["value"] < 0.9
    assert figures["balanced_right_of_answered"]["value"] > 0.9


def test_model_that_knows_nothing_keeps_every_class_and_answers_little() -> None:
    scored = _draw(1500, 0)
    ignorant = replace(scored, probabilities=_draw(1500, 5).probabilities)
    figures = measure_decisions(ignorant)
    assert figures["mean_set_size"]["value"] > 3
    assert figures["balanced_answered"]["value"] < 0.4


def test_limits_that_all_engines_were_asked_for_part_fewer_slices() -> None:
    scored = _draw(600, 0)
    noise = np.random.default_rng(1).normal(0, 0.1, scored.probabilities.shape)
    others = calibrate((np.log(scored.probabilities) + noise).astype(np.float32), 1.0)
    elsewhere = replace(scored, probabilities=others)

    def count_different(rules: object) -> int:
        pairs = zip(_decide(scored, rules, "balanced"), _decide(elsewhere, rules, "balanced"), strict=True)
        return sum(one is not two for one, two in pairs)

    alone, together = (
        count_different(fit_rules(scored)),
        count_different(fit_rules(scored, [scored.probabilities, others])),
    )
    assert together < alone / 2, (together, alone)


def test_a_collection_left_out_is_calibrated_on_the_others() -> None:
    large, small = _draw(4000, 0), _draw(2000, 1)
    # The small collection's answers are twice as sure as they should be; the large one's are as they should be.
    sure = calibrate(2 * np.log(small.probabilities).astype(np.float32), 1.0)
    odd = replace(small, probabilities=sure, sources=np.full(len(small), "odd"))
    errors = measure_left_out_sources(_join(large, odd))
    assert errors["odd"] > 0.08
    # The other way about: the temperature of the sure ones makes the honest ones too modest.
    assert errors["Br35H"] > 0.08
    fair = replace(small, sources=np.full(len(small), "fair"))
    assert max(measure_left_out_sources(_join(large, fair)).values()) < 0.05


def test_a_collection_of_a_few_slices_is_not_judged_by_itself() -> None:
    few = replace(_draw(20, 1), sources=np.full(20, "few"))
    assert list(measure_left_out_sources(_join(_draw(400, 0), few))) == ["Br35H"]
