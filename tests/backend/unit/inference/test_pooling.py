"""The study's figure is what a share of its slices reaches, not that of one loud slice."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tumorscope.inference.pooling import pool_slices


def _pool(tumor: list[float], reach: float) -> NDArray[np.float64]:
    shares = np.array(tumor)
    return pool_slices(np.stack([shares, 1 - shares], axis=1), 1, reach)


def test_one_loud_slice_among_many_is_no_tumour() -> None:
    quiet = [0.1] * 19
    assert _pool([*quiet, 0.99], 0.1)[0] == pytest.approx(0.1)
    assert _pool([*quiet[:16], 0.9, 0.9, 0.9, 0.99], 0.1)[0] == pytest.approx(0.9)


@pytest.mark.parametrize(("reach", "expected"), [(0.0, 0.9), (0.5, 0.5), (1.0, 0.1)])
def test_the_share_goes_from_the_highest_slice_to_the_lowest(reach: float, expected: float) -> None:
    assert _pool([0.1, 0.9, 0.5], reach)[0] == pytest.approx(expected)


def test_kinds_are_those_of_the_slices_that_reach() -> None:
    rows = np.array([[0.6, 0.2, 0.2], [0.1, 0.7, 0.2], [0.3, 0.0, 0.7], [0.0, 0.1, 0.9]])
    pooled = pool_slices(rows, 2, 1 / 3)
    np.testing.assert_allclose(pooled, [0.35, 0.45, 0.2])


def test_classes_sum_to_one_and_stay_in_range() -> None:
    rows = np.random.default_rng(0).dirichlet(np.full(4, 0.3), 50)
    for reach in (0.0, 0.05, 0.1, 0.37, 1.0):
        pooled = pool_slices(rows, 2, reach)
        assert pooled.sum() == pytest.approx(1)
        assert pooled.min() >= 0
        assert 1 - pooled[2] == pytest.approx(np.quantile(1 - rows[:, 2], 1 - reach))


def test_slices_without_any_tumour_give_none() -> None:
    np.testing.assert_allclose(pool_slices(np.array([[0.0, 1.0], [0.0, 1.0]]), 1, 0.1), [0, 1])
