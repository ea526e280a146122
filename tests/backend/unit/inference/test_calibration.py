"""Logits become probabilities; the temperature sets their confidence, the uniform mixing weight its upper limit."""

import numpy as np
import pytest

from tumorscope.inference.calibration import calibrate

_LOGITS = np.array([[2.0, 0.0, -1.0], [0.5, 0.4, 0.3], [1000.0, 990.0, -3000.0]], np.float32)


@pytest.mark.parametrize("temperature", [0.05, 1.0, 40.0])
def test_each_row_is_a_distribution(temperature: float) -> None:
    probabilities = calibrate(_LOGITS, temperature)
    assert probabilities.dtype == np.float64
    assert probabilities.min() >= 0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-12)


def test_temperature_one_is_the_softmax() -> None:
    np.testing.assert_allclose(calibrate(np.log([[0.2, 0.5, 0.3]]).astype(np.float32), 1.0), [[0.2, 0.5, 0.3]], 1e-6)


def test_temperature_divides_the_logits() -> None:
    np.testing.assert_allclose(calibrate(_LOGITS[:2], 2.5), calibrate(_LOGITS[:2] / np.float32(2.5), 1.0), atol=1e-7)


def test_higher_temperature_is_less_sure_and_keeps_the_order() -> None:
    plain, soft = calibrate(_LOGITS[:2], 1.0), calibrate(_LOGITS[:2], 2.0)
    assert (soft.max(axis=1) < plain.max(axis=1)).all()
    np.testing.assert_array_equal(plain.argsort(axis=1), soft.argsort(axis=1))


def test_uniform_weight_is_shared_equally_by_all_classes() -> None:
    found = calibrate(_LOGITS, 1.3, 0.06)
    np.testing.assert_allclose(found, 0.94 * calibrate(_LOGITS, 1.3) + 0.02)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert found.min() >= 0.02


def test_constant_added_to_the_logits_changes_nothing() -> None:
    np.testing.assert_allclose(calibrate(_LOGITS + 50, 1.3), calibrate(_LOGITS, 1.3), atol=1e-6)


def test_huge_logits_give_certainty() -> None:
    huge = np.array([[3e38, -3e38, 0.0], [-3e38, -3e38, -3e38]], np.float32)
    np.testing.assert_allclose(calibrate(huge, 0.25), np.array([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]]))
