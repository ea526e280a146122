"""What only the finished model can tell of itself."""

import numpy as np
import pytest

from tests.backend.unit.evaluation.scores import make_scored
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.evaluation.release import fit_temperature
from tumorscope.inference.calibration import calibrate


def test_fitted_temperature_takes_back_overconfidence() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (4000, 4)).astype(np.float32)
    truth = [rng.choice(4, p=row) for row in calibrate(logits, 1.0)]
    labels = np.asarray(DEFAULT_CLASS_NAMES)[truth].tolist()
    assert fit_temperature(make_scored(labels, calibrate(logits, 0.5))) == pytest.approx(2, rel=0.1)


def test_temperature_stays_one_where_no_class_is_known() -> None:
    assert fit_temperature(make_scored(["tumor"], ["glioma"])) == 1
