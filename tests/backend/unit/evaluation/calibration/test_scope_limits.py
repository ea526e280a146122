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


def _scatter(middle: NDArray[np.float64], count: int, seed: int) -> NDArray[np.float32]:
    """Unit vectors around one."""
    vectors = middle + 0.2 * np.random.default_rng(seed).standard_normal((count, len(middle)))
    scattered: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scattered


def test_small_collection_is_not_drowned_by_a_large_one() -> None:
    large, small = np.eye(4)[:1].repeat(3000, axis=0), np.eye(4)[1:2].repeat(60, axis=0)
    features = np.concatenate([large, small]).astype(np.float32)
    reference = fit_scope(features, ["large"] * 3000 + ["small"] * 60)["reference"]
    assert (reference[:, 1] == 1).sum() == 60
    assert 60 < (reference[:, 0] == 1).sum() < 200


def test_reference_is_what_a_bundle_keeps_of_it() -> None:
    reference = fit_scope(_scatter(np.ones(5), 30, 0), ["one"] * 30)["reference"]
    np.testing.assert_array_equal(reference, reference.astype(np.float16))
    assert reference.shape == (30, 5)


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
    near, far = np.array([1.0, 0, 0, 0]), np.array([0.0, 1, 0, 0])
    described = np.concatenate([_scatter(near, 300, 0), _scatter(near, 300, 1), _scatter(far, 300, 2)])
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
