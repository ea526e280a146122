"""Percentiles are those of NumPy, of whole numbers and of others."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tumorscope.preprocessing.percentiles import find_percentiles

_PERCENTILES = (0.0, 0.5, 25.0, 50.0, 99.0, 99.5, 100.0)
_RNG = np.random.default_rng(0)
_VALUES: dict[str, NDArray[np.float32]] = {
    "one value": np.array([7.5], np.float32),
    "two values": np.array([3, -1], np.float32),
    "one whole number many times": np.full((9, 9), -40, np.float32),
    "whole numbers": _RNG.integers(-1000, 3000, (50, 70)).astype(np.float32),
    "whole numbers, mostly the least": np.maximum(_RNG.integers(-200, 100, (40, 41)), 0).astype(np.float32),
    "whole numbers that are far apart": np.array([0, 1, 2, 10**9], np.float32),
    "whole numbers beyond float32's": np.array([2**24, 2**24 + 2, 2**24 + 8], np.float32),
    "whole numbers and one half": np.array([0, 1, 2, 2.5, 9], np.float32),
    "fractions": _RNG.standard_normal((33, 57)).astype(np.float32),
    "huge": np.array([-3e38, 0, 3e38], np.float32),
}


@pytest.mark.parametrize("name", _VALUES)
def test_percentiles_are_those_of_numpy(name: str) -> None:
    values = _VALUES[name]
    expected = np.percentile(values.astype(np.float64), _PERCENTILES)
    np.testing.assert_allclose(find_percentiles(values, _PERCENTILES), expected, rtol=1e-12, atol=1e-12)


def test_values_stay_as_they_are() -> None:
    values = _RNG.standard_normal((5, 8)).astype(np.float32)
    before = values.copy()
    find_percentiles(values.T, (10,))
    np.testing.assert_array_equal(values, before)
