"""Trained weights in, a bundle with fitted temperature, measured figures and golden answers out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from tumorscope.datasets.example import Example
from tumorscope.domain.labels import TUMOR_OF_UNSTATED_KIND
from tumorscope.evaluation.evaluate import score_examples
from tumorscope.evaluation.metrics import Scored, summarise
from tumorscope.imaging.decode import decode_scan
from tumorscope.imaging.formats.raster import encode_png
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.inference.calibration import calibrate
from tumorscope.inference.classifier import Classifier, classify
from tumorscope.inference.engines.engine import Engine
from tumorscope.model.bundle import Bundle
from tumorscope.model.manifest import GoldenManifest, Manifest

# Sources with tumours and healthy slices of the same scanners and sequences.
_SAME_COLLECTIONS = ("Br35H", "Navoneel")
_GOLDEN_PHANTOMS = {
    "phantom_plain.png": (1, False),
    "phantom_lesion_a.png": (1, True),
    "phantom_lesion_b.png": (2, True),
}
_MAX_GOLDEN_PIXELS = 4_000_000


def draw_golden_files() -> dict[str, bytes]:
    """The phantoms of every bundle, as PNG, by file name."""
    return {name: encode_png(draw_phantom(seed, lesion)) for name, (seed, lesion) in _GOLDEN_PHANTOMS.items()}


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
    golden_files = draw_golden_files()
    bundle = Bundle(manifest, "", stored, golden_files)
    engine = load_engine(bundle)
    scored = score_examples(Classifier(bundle, engine), validation, advance)
    temperature = fit_temperature(scored)
    calibrated = replace(scored, probabilities=calibrate(_as_logits(scored), temperature))
    metrics: dict[str, Any] = {
        "split": "validation, by patient",
        "engine": engine.name,
        "temperature": "fitted on the same validation patients; 'ece' is after, 'ece_uncalibrated' before",
        **summarise(calibrated, _SAME_COLLECTIONS, manifest.tumor_threshold),
    }
    metrics["ece_uncalibrated"] = summarise(scored, _SAME_COLLECTIONS, manifest.tumor_threshold)["figures"]["ece"]
    served = manifest.model_copy(update={"temperature": temperature, "metrics": metrics})
    answering = Classifier(Bundle(served, "", stored, golden_files), engine)
    golden = [
        GoldenManifest(
            file=name,
            probabilities=dict(classify(answering, decode_scan(data, _MAX_GOLDEN_PIXELS)).prediction.probabilities),
        )
        for name, data in golden_files.items()
    ]
    return served.model_copy(update={"golden": golden}), golden_files


def fit_temperature(scored: Scored) -> float:
    """The temperature of least negative log-likelihood, over examples of known class.

    Parameters
    ----------
    scored : Scored
        Classified at temperature 1.

    Returns
    -------
    float
        In 0.25..4.
    """
    known = scored.take(scored.labels != TUMOR_OF_UNSTATED_KIND)
    truth = np.array([known.class_names.index(label) for label in known.labels])
    logits = _as_logits(known)

    def loss(log_temperature: float) -> float:
        probabilities = calibrate(logits, float(np.exp(log_temperature)))
        return float(-np.log(np.maximum(probabilities[np.arange(len(truth)), truth], 1e-12)).mean())

    return round(float(np.exp(minimize_scalar(loss, bounds=(np.log(0.25), np.log(4)), method="bounded").x)), 4)


def _as_logits(scored: Scored) -> NDArray[np.float32]:
    """Log-probabilities: the logits up to a constant a row, which the softmax takes away."""
    logits: NDArray[np.float32] = np.log(np.maximum(scored.probabilities, 1e-30)).astype(np.float32)
    return logits
