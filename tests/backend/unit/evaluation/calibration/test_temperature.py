"""What only the finished model can tell of itself."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.backend.unit.evaluation.scores import make_scored
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.evaluation.calibration.temperature import fit_calibration
from tumorscope.inference.classifier import calibrate


def _draw(sharpness: float, uniform_weight: float) -> tuple[list[str], NDArray[np.float32]]:
    """Labels, and the logits that tell them at temperature 1 but for a share that is drawn blindly."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, sharpness, (6000, 4)).astype(np.float32)
    truth = [rng.choice(4, p=row) for row in calibrate(logits, 1.0, uniform_weight)]
    return np.asarray(DEFAULT_CLASS_NAMES)[truth].tolist(), logits


def test_fitted_temperature_takes_back_overconfidence() -> None:
    labels, logits = _draw(1.5, 0.0)
    temperature, uniform_weight = fit_calibration(make_scored(labels, calibrate(logits, 0.5)))
    assert temperature == pytest.approx(2, rel=0.1)
    assert uniform_weight < 0.01


def test_wrong_answers_that_no_temperature_describes_are_mixed_in_uniformly() -> None:
    labels, logits = _draw(6.0, 0.05)
    temperature, uniform_weight = fit_calibration(make_scored(labels, calibrate(logits, 0.5)))
    assert temperature == pytest.approx(2, rel=0.1)
    assert uniform_weight == pytest.approx(0.05, abs=0.015)


def test_nothing_is_changed_where_no_class_is_known() -> None:
    assert fit_calibration(make_scored(["tumor"], ["glioma"])) == (1, 0)
