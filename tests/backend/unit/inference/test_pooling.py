"""The study's figure is that of the stretch of neighbours that shows most tumour, not of one loud slice."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tumorscope.inference.pooling import pool_slices


def _pool(tumor: list[float], window_mm: float, spacing_mm: float) -> NDArray[np.float64]:
    shares = np.array(tumor)
    return pool_slices(np.stack([shares, 1 - shares], axis=1), shares, window_mm, spacing_mm)


def test_neighbours_that_agree_count_more_than_one_that_is_louder() -> None:
    lone = [0.1, 0.1, 0.99, 0.1, 0.1, 0.1, 0.1]
    together = [0.1, 0.1, 0.1, 0.1, 0.8, 0.8, 0.8]
    assert _pool(together, 15, 5)[0] == pytest.approx(0.8)
    assert _pool(lone, 15, 5)[0] == pytest.approx((0.99 + 0.1 + 0.1) / 3)


def test_length_is_in_millimetres() -> None:
    tumor = [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]
    assert _pool(tumor, 20, 10)[0] == pytest.approx(1)
    assert _pool(tumor, 20, 5)[0] == pytest.approx(0.5)


@pytest.mark.parametrize(("window_mm", "expected"), [(0.0, 0.9), (1.0, 0.9), (10_000.0, 0.5)])
def test_at_least_one_slice_and_at_most_all_are_taken(window_mm: float, expected: float) -> None:
    assert _pool([0.1, 0.9, 0.5], window_mm, 5)[0] == pytest.approx(expected)


def test_all_classes_are_of_the_same_slices_and_sum_to_one() -> None:
    rows = np.array([[0.7, 0.1, 0.2], [0.1, 0.8, 0.1], [0.05, 0.85, 0.1], [0.2, 0.2, 0.6]])
    pooled = pool_slices(rows, 1 - rows[:, 2], 10, 5)
    np.testing.assert_allclose(pooled, rows[1:3].mean(axis=0))
    assert pooled.sum() == pytest.approx(1)
