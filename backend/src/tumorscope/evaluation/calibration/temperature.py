"""Held-out answers in, the temperature and the uniform mixing weight that describe them best out."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.inference.classifier import calibrate

_TEMPERATURES, _UNIFORM_WEIGHTS = (0.25, 4.0), (0.0, 0.1)


def fit_calibration(scored: Scored) -> tuple[float, float]:
    """The temperature and the uniform mixing weight of least negative log-likelihood, over examples of known class.

    Parameters
    ----------
    scored : Scored
        Classified at temperature 1, without uniform mixing.

    Returns
    -------
    tuple of float
        The temperature, in 0.25..4, and the weight, in 0..0.1, as `inference.classifier.calibrate` takes them; 1 and 0
        where no class is known.
    """
    known = scored.take(scored.of_known_class)
    if not len(known):
        return 1.0, 0.0
    truth = np.array([known.class_names.index(label) for label in known.labels])
    logits = recover_logits(known.probabilities)

    def loss(parameters: NDArray[np.float64]) -> float:
        probabilities = calibrate(logits, float(np.exp(parameters[0])), float(parameters[1]))
        return float(-np.log(np.maximum(probabilities[np.arange(len(truth)), truth], 1e-12)).mean())

    bounds = [tuple(np.log(_TEMPERATURES)), _UNIFORM_WEIGHTS]
    log_temperature, uniform_weight = minimize(loss, [0.0, 0.01], method="L-BFGS-B", bounds=bounds).x
    return round(float(np.exp(log_temperature)), 4), round(float(uniform_weight), 4)


def recover_logits(
    probabilities: NDArray[np.float64], temperature: float = 1.0, uniform_weight: float = 0.0
) -> NDArray[np.float32]:
    """Undo `inference.classifier.calibrate`.

    Parameters
    ----------
    probabilities : ndarray, shape (n, classes), 0..1
        Calibrated with the other two.

    Returns
    -------
    ndarray, shape (n, classes), float32
        The logits, up to a constant a row, which a softmax takes away.
    """
    softmax = (probabilities - uniform_weight / probabilities.shape[1]) / (1 - uniform_weight)
    logits: NDArray[np.float32] = (temperature * np.log(np.maximum(softmax, 1e-30))).astype(np.float32)
    return logits
