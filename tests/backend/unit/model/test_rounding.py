"""Rounded weights keep the outputs of the original weights."""

import numpy as np
from numpy.typing import NDArray

from tumorscope.model.rounding import round_weights


def _draw(inputs: int, filters: int, examples: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Weights, and examples of inputs that go together, as neighbouring pixels do."""
    rng = np.random.default_rng(0)
    common = rng.standard_normal((examples, 5)) @ rng.standard_normal((5, inputs))
    seen = common + 0.2 * rng.standard_normal((examples, inputs))
    return rng.standard_normal((inputs, filters)).astype(np.float32), seen


def test_answers_change_much_less_than_by_rounding_one_by_one() -> None:
    weights, seen = _draw(300, 16, 4000)
    step = np.abs(weights).max(axis=0) / 127
    nearest = np.round(weights / step) * step
    rounded = round_weights(weights, seen.T @ seen)
    errors = [np.sqrt(np.mean((seen @ (one - weights)) ** 2)) for one in (nearest, rounded)]
    assert errors[1] < errors[0] / 3, errors


def test_every_filter_has_a_step_of_its_own_and_keeps_its_largest_weight() -> None:
    weights, seen = _draw(150, 8, 1000)
    weights *= np.logspace(-3, 2, 8).astype(np.float32)
    rounded = round_weights(weights, seen.T @ seen)
    largest = np.abs(weights).argmax(axis=0), np.arange(8)
    np.testing.assert_array_equal(rounded[largest], weights[largest])
    steps = rounded / (np.abs(weights).max(axis=0) / 127)
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-3)
    np.testing.assert_allclose(np.abs(steps).max(axis=0), 127, rtol=1e-5)


def test_inputs_that_never_come_and_filters_of_nothing_are_rounded_too() -> None:
    weights, seen = _draw(20, 3, 200)
    weights[:, 1] = 0
    for moments in (np.diag([0.0] * 5 + [1.0] * 15), np.zeros((20, 20)), seen.T @ seen):
        rounded = round_weights(weights, moments)
        assert np.isfinite(rounded).all()
        assert np.abs(rounded - weights).max() < 0.2
        np.testing.assert_array_equal(rounded[:, 1], 0)
