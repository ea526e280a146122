"""The gate lies where its reference lies, and refuses no more than is stated."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories import make_manifest
from tumorscope.evaluation.calibration.scope_limits import (
    REFUSED_PICTURES,
    find_held_out_collection_limit,
    fit_scope,
    fit_scope_limits,
)
from tumorscope.model.bundle import Bundle


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


def test_scope_limits_lie_between_slices_and_refuse_the_stated_share() -> None:
    distances = np.random.default_rng(0).gamma(9, 0.1, 1000)
    limits = fit_scope_limits(np.stack([distances, distances + 1e-5]))
    assert (distances > limits.picture_limit).mean() == pytest.approx(REFUSED_PICTURES, abs=1e-9)
    assert np.abs(distances - limits.picture_limit).min() > 1e-5
    assert limits.mr_limit > limits.picture_limit


def test_limit_is_that_of_held_out_collections_unless_engines_see_a_slice_on_either_side_of_it() -> None:
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
        find_held_out_collection_limit(described, groups, names, bundle)
        for names in (["one", "another"], ["one", "far"])
    )
    assert strange > 1.3 * alike
    distances = np.sort(rng.gamma(9, 0.1, 1000))
    for limit in (alike, strange, 50.0):
        limits = fit_scope_limits(np.stack([distances, distances]), limit)
        # In the same gap between slices, or further out.
        assert (distances > limits.picture_limit).sum() <= (distances > limit).sum()
        assert (distances > limits.picture_limit).mean() <= REFUSED_PICTURES
        assert limits.mr_limit >= limits.picture_limit
    assert find_held_out_collection_limit(described[:300], groups[:300], ["one"], bundle) == 0


def test_where_engines_disagree_a_distance_counts_less() -> None:
    features = np.sqrt(np.random.default_rng(0).random((400, 3)).astype(np.float32) + 1)
    other = features.copy()
    other[:, 0] += np.random.default_rng(1).normal(0, 0.5, 400)
    alone, both = (fit_scope(features, ["one"] * 400, by) for by in (None, other))
    shift = np.array([0.3, 0, 0], np.float32)
    assert np.linalg.norm(shift @ both["whitening"]) < 0.7 * np.linalg.norm(shift @ alone["whitening"])
