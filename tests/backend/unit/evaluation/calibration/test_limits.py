"""Rules fitted on held-out patients keep what they promise on others; the gate lies where its reference lies."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.backend.unit.evaluation.scores import make_scored
from tests.factories import make_manifest
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.domain.prediction import Decision, decide
from tumorscope.evaluation.calibration.cross_validation import measure_left_out_sources, measure_rules
from tumorscope.evaluation.calibration.limits import (
    COVERAGE,
    REFUSED_PICTURES,
    describe_points,
    find_stranger_limit,
    fit_rules,
    fit_scope,
    fit_scope_limits,
)
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.inference.calibration import calibrate
from tumorscope.model.bundle import Bundle


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
    kept_from = rules["balanced"].kept_from
    assert kept_from is not None
    for number, name in enumerate(DEFAULT_CLASS_NAMES):
        own = others.probabilities[others.labels == name, number]
        assert (own >= kept_from[name]).mean() == pytest.approx(COVERAGE, abs=0.02)


def test_screening_answers_no_tumor_for_fewer_tumours_than_balanced() -> None:
    scored = _draw(4000, 0, sharpness=4)
    rules = fit_rules(scored)
    overlooked = {}
    for point in rules:
        said = np.array(_decide(scored, rules, point))
        overlooked[point] = (said[scored.with_tumor] == Decision.NO_TUMOR).mean()
    assert rules["screening"].tumor_threshold <= rules["balanced"].tumor_threshold
    assert overlooked["screening"] <= overlooked["balanced"] <= 0.03


def test_rules_become_what_the_manifest_holds() -> None:
    scored = _draw(500, 0)
    rules = fit_rules(scored)
    measured = measure_rules(scored)
    points = describe_points(rules, measured)
    assert set(points) == {"screening", "balanced"}
    assert points["balanced"].tumor_threshold == pytest.approx(rules["balanced"].tumor_threshold, abs=1e-4)
    for point, manifest in points.items():
        assert manifest.figures is not None
        found = measured[f"{point}_tumor_called_tumor"]["value"]
        assert manifest.figures.tumor.with_tumor == pytest.approx(found, abs=1e-4)
        assert manifest.figures.tumor.without_tumor < manifest.figures.tumor.with_tumor
        assert manifest.figures.no_tumor.with_tumor < manifest.figures.no_tumor.without_tumor


def test_rules_are_measured_on_patients_they_were_not_fitted_on() -> None:
    figures = measure_rules(_draw(1500, 0, sharpness=4))
    for name in DEFAULT_CLASS_NAMES:
        assert figures[f"coverage_{name}"]["value"] == pytest.approx(COVERAGE, abs=0.03)
    assert figures["ece"]["value"] < 0.05
    assert 0.6 < figures["balanced_answered"]["value"] < 0.9
    assert figures["balanced_right_of_answered"]["value"] > 0.9


def test_model_that_knows_nothing_keeps_every_class_and_answers_little() -> None:
    scored = _draw(1500, 0)
    ignorant = replace(scored, probabilities=_draw(1500, 5).probabilities)
    figures = measure_rules(ignorant)
    assert figures["mean_set_size"]["value"] > 3
    assert figures["balanced_answered"]["value"] < 0.4


def _measure(scope: dict[str, NDArray[np.float32]], features: NDArray[np.float32]) -> NDArray[np.float32]:
    white = (features - scope["location"]) @ scope["whitening"]
    distances: NDArray[np.float32] = np.sqrt((white**2).mean(axis=1))
    return distances


def test_gate_measures_along_what_its_reference_hardly_varies_in() -> None:
    rng = np.random.default_rng(0)
    roots = 5 + rng.standard_normal((2000, 3)) * [1.0, 1.0, 0.05]
    scope = fit_scope(roots.astype(np.float32), ["a"] * 2000)
    assert _measure(scope, roots.astype(np.float32)).mean() == pytest.approx(1, abs=0.1)
    wide, narrow = np.array([[7.0, 5, 5]]), np.array([[5.0, 5, 7]])
    assert _measure(scope, narrow.astype(np.float32))[0] > 5 * _measure(scope, wide.astype(np.float32))[0]


def test_small_collection_is_not_drowned_by_a_large_one() -> None:
    rng = np.random.default_rng(0)
    large, small = 5 + 0.1 * rng.standard_normal((3000, 4)), 6 + 0.1 * rng.standard_normal((60, 4))
    features = np.concatenate([large, small]).astype(np.float32)
    together = fit_scope(features, ["all"] * 3060)
    apart = fit_scope(features, ["large"] * 3000 + ["small"] * 60)
    of_small = features[3000:]
    assert _measure(apart, of_small).mean() < 0.7 * _measure(together, of_small).mean()


def test_limits_that_all_engines_were_asked_for_part_fewer_slices() -> None:
    scored = _draw(600, 0, sharpness=4)
    noise = np.random.default_rng(1).normal(0, 0.03, scored.probabilities.shape)
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


def test_scope_limits_lie_between_slices_and_refuse_the_stated_share() -> None:
    distances = np.random.default_rng(0).gamma(9, 0.1, 1000)
    limits = fit_scope_limits(np.stack([distances, distances + 1e-5]))
    assert (distances > limits.picture_limit).mean() == pytest.approx(REFUSED_PICTURES, abs=1e-9)
    assert np.abs(distances - limits.picture_limit).min() > 1e-5
    assert limits.mr_limit > limits.picture_limit


def test_limit_is_the_strangers_unless_engines_see_a_slice_on_either_side_of_it() -> None:
    distances = np.arange(1000) / 1000
    agreed = fit_scope_limits(np.stack([distances, distances + 1e-4]), 0.9958)
    assert agreed.picture_limit == 0.9958
    parted = fit_scope_limits(np.stack([distances, distances + 4e-4]), 0.9952)
    # In the same gap, where the engines agree.
    assert 0.9954 < parted.picture_limit < 0.996


def test_limit_reaches_as_far_out_as_collections_that_the_gate_does_not_know() -> None:
    rng = np.random.default_rng(0)
    near, far = rng.standard_normal((300, 4)), rng.normal((3, 0, 0, 0), 1, (300, 4))
    described = np.concatenate([near, near[::-1] + 0.01, far]).astype(np.float32)
    groups = ["one"] * 300 + ["another"] * 300 + ["far"] * 300
    bundle = Bundle(make_manifest(), "", {}, {})
    alike, strange = (
        find_stranger_limit(described, groups, names, bundle) for names in (["one", "another"], ["one", "far"])
    )
    assert strange > 1.3 * alike
    distances = np.sort(rng.gamma(9, 0.1, 1000))
    for limit in (alike, strange, 50.0):
        limits = fit_scope_limits(np.stack([distances, distances]), limit)
        # In the same gap between slices, or further out.
        assert (distances > limits.picture_limit).sum() <= (distances > limit).sum()
        assert (distances > limits.picture_limit).mean() <= REFUSED_PICTURES
        assert limits.mr_limit >= limits.picture_limit
    assert find_stranger_limit(described[:300], groups[:300], ["one"], bundle) == 0


def test_where_engines_disagree_a_distance_counts_less() -> None:
    features = np.sqrt(np.random.default_rng(0).random((400, 3)).astype(np.float32) + 1)
    other = features.copy()
    other[:, 0] += np.random.default_rng(1).normal(0, 0.5, 400)
    alone, both = (fit_scope(features, ["one"] * 400, by) for by in (None, other))
    shift = np.array([0.3, 0, 0], np.float32)
    assert np.linalg.norm(shift @ both["whitening"]) < 0.7 * np.linalg.norm(shift @ alone["whitening"])


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
