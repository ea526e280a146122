"""The served model: prepared pixels in, calibrated probabilities out."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.errors import AnswerNotFinite
from tumorscope.domain.prediction import DecisionRule
from tumorscope.inference.calibration import calibrate
from tumorscope.inference.engines.engine import Engine
from tumorscope.inference.scope import describe_slices, measure_distance
from tumorscope.model.bundle import Bundle
from tumorscope.model.manifest import OperatingPoint


@dataclass(frozen=True, slots=True)
class Classifier:
    """A model that is ready to answer.

    Parameters
    ----------
    bundle : Bundle
        Its manifest and weights.
    engine : Engine
        Runs its network.
    operating_point : OperatingPoint
        How errors are weighed.
    explain_engine : callable
        Says why this engine was chosen.
    """

    bundle: Bundle
    engine: Engine
    operating_point: OperatingPoint = "balanced"
    explain_engine: Callable[[], str] = str

    @property
    def rule(self) -> DecisionRule:
        """How its probabilities become a decision."""
        manifest = self.bundle.manifest
        if manifest.trust is None:
            return DecisionRule(manifest.tumor_threshold)
        point = manifest.trust.operating_points[self.operating_point]
        return DecisionRule(point.tumor_threshold, point.min_confidence, manifest.trust.kept_from)


@dataclass(frozen=True, slots=True)
class NetworkAnswer:
    """The network's answer to n prepared slices, before any decision.

    Parameters
    ----------
    logits : ndarray, shape (n, classes), float32
        Of the network.
    probabilities : ndarray, shape (n, classes), float64, 0..1
        Calibrated, in the order of the manifest's classes.
    distances : ndarray, shape (n,), float64, optional
        From `scope.measure_distance`; None of a bundle without a scope gate.
    activation : ndarray, shape (n, cells, cells, channels), float32
        Of the last convolution.
    """

    logits: NDArray[np.float32]
    probabilities: NDArray[np.float64]
    distances: NDArray[np.float64] | None
    activation: NDArray[np.float32]


def run_network(classifier: Classifier, pixels: NDArray[np.float32]) -> NetworkAnswer:
    """Run the engine, and calibrate.

    Parameters
    ----------
    classifier : Classifier
        The served model.
    pixels : ndarray, shape (n, size, size, 3), float32, 0..1
        At least one slice, as preprocessing leaves it.

    Raises
    ------
    AnswerNotFinite
        The engine gave infinity or not a number.
    """
    manifest = classifier.bundle.manifest
    outputs = classifier.engine.run(pixels)
    if not np.isfinite(outputs.logits).all():
        raise AnswerNotFinite("the network's answer is no number")
    probabilities = calibrate(outputs.logits, manifest.temperature, manifest.uniform_weight)
    distances = measure_distance(classifier.bundle, describe_slices(outputs.features, pixels))
    return NetworkAnswer(outputs.logits, probabilities, distances, outputs.activation)


def name_classes(classifier: Classifier, row: NDArray[np.float64]) -> dict[str, float]:
    """Probabilities, shape (classes,), by the manifest's names."""
    return {name: float(value) for name, value in zip(classifier.bundle.manifest.class_names, row, strict=True)}
