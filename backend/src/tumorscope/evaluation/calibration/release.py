"""Trained weights in, a bundle with fitted calibration, measured figures and golden answers out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from tumorscope.datasets.example import Example
from tumorscope.evaluation.calibration.golden import draw_golden_files
from tumorscope.evaluation.evaluate import score_examples
from tumorscope.evaluation.metrics.curves import trace_calibration, trace_curves
from tumorscope.evaluation.metrics.definitions import HEADLINE
from tumorscope.evaluation.metrics.figures import count_confusions, measure_classes, measure_figures
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.inference.calibration import calibrate
from tumorscope.inference.classifier import Classifier, classify
from tumorscope.inference.engines.engine import Engine
from tumorscope.model.bundle import Bundle
from tumorscope.model.golden import read_golden
from tumorscope.model.manifest import GoldenManifest, Manifest


def release(
    manifest: Manifest,
    weights: Mapping[str, NDArray[np.float32]],
    validation: Sequence[Example],
    load_engine: Callable[[Bundle], Engine],
    advance: Callable[[], None],
) -> tuple[Manifest, dict[str, bytes]]:
    """Complete a manifest with what only the finished model can tell.

    Parameters
    ----------
    manifest : Manifest
        From the recipe: without metrics and golden answers, at temperature 1.
    weights : mapping of str to ndarray
        As they will be stored: the figures are those of the float16 weights.
    validation : sequence of Example
        Held out of training.
    load_engine : callable
        The engine that serves.
    advance : callable
        Called once a validation example.

    Returns
    -------
    Manifest
        Complete but for its checksums.
    dict of str to bytes
        The golden files.
    """
    stored = {name: array.astype(np.float16) for name, array in weights.items()}
    golden_files = draw_golden_files(manifest.preprocessing_parameters.channels)
    bundle = Bundle(manifest, "", stored, golden_files)
    engine = load_engine(bundle)
    scored = score_examples(Classifier(bundle, engine), validation, advance)
    temperature, uniform_weight = fit_calibration(scored)
    metrics = measure_calibrated(scored, (temperature, uniform_weight), engine.name)
    served = manifest.model_copy(
        update={"temperature": temperature, "uniform_weight": uniform_weight, "metrics": metrics}
    )
    answering = Classifier(Bundle(served, "", stored, golden_files), engine)
    return served.model_copy(update={"golden": answer_golden(answering)}), golden_files


def measure_calibrated(scored: Scored, calibration: tuple[float, float], engine_name: str) -> dict[str, Any]:
    """What a manifest says of its model's answers.

    Parameters
    ----------
    scored : Scored
        Validation slices, classified at temperature 1, without uniform mixing.
    calibration : tuple of float
        From `fit_calibration`.
    engine_name : str
        Of the engine that answered.

    Returns
    -------
    dict
        ``figures``, ``classes``, ``confusion_matrix``, the points of ``roc`` and ``calibration``, and how they
        came about.
    """
    calibrated = replace(scored, probabilities=calibrate(as_logits(scored), *calibration))
    curves = trace_curves(calibrated)
    return {
        "split": "validation, by patient",
        "engine": engine_name,
        "calibration_fitted": "on the same validation patients; 'ece' is after, 'ece_uncalibrated' before",
        "figures": measure_figures(calibrated, HEADLINE),
        "classes": {
            name: {key: figures[key]["value"] for key in ("precision", "recall", "f1")}
            for name, figures in measure_classes(calibrated).items()
        },
        "confusion_matrix": count_confusions(calibrated),
        "roc": {name: {**curve["roc"], "auc": curve["auc"]["value"]} for name, curve in curves.items()},
        "calibration": trace_calibration(calibrated),
        "ece_uncalibrated": measure_figures(scored, ["ece"]).get("ece"),
    }


def answer_golden(classifier: Classifier) -> list[GoldenManifest]:
    """What a model says of its bundle's golden files."""
    return [
        GoldenManifest(
            file=name,
            probabilities=dict(classify(classifier, read_golden(name, data)).prediction.probabilities),
        )
        for name, data in classifier.bundle.golden_files.items()
    ]


def fit_calibration(scored: Scored) -> tuple[float, float]:
    """The temperature and the uniform mixing weight of least negative log-likelihood, over examples of known class.

    Parameters
    ----------
    scored : Scored
        Classified at temperature 1, without uniform mixing.

    Returns
    -------
    tuple of float
        The temperature, in 0.25..4, and the share, in 0..0.1, as `inference.calibration.calibrate` takes them; 1 and 0
        where no class is known.
    """
    known = scored.take(scored.of_known_class)
    if not len(known):
        return 1.0, 0.0
    truth = np.array([known.class_names.index(label) for label in known.labels])
    logits = as_logits(known)

    def loss(parameters: NDArray[np.float64]) -> float:
        probabilities = calibrate(logits, float(np.exp(parameters[0])), float(parameters[1]))
        return float(-np.log(np.maximum(probabilities[np.arange(len(truth)), truth], 1e-12)).mean())

    bounds = [(np.log(0.25), np.log(4)), (0.0, 0.1)]
    log_temperature, uniform_weight = minimize(loss, [0.0, 0.01], method="L-BFGS-B", bounds=bounds).x
    return round(float(np.exp(log_temperature)), 4), round(float(uniform_weight), 4)


def as_logits(scored: Scored) -> NDArray[np.float32]:
    """Log-probabilities of answers at temperature 1: the logits up to a constant a row, which a softmax takes away."""
    logits: NDArray[np.float32] = np.log(np.maximum(scored.probabilities, 1e-30)).astype(np.float32)
    return logits
