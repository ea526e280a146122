"""Trained weights in, a bundle with fitted calibration, measured figures and golden answers out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tumorscope.datasets.example import Example
from tumorscope.evaluation.calibration.golden import draw_golden_files
from tumorscope.evaluation.calibration.temperature import fit_calibration, recover_logits
from tumorscope.evaluation.evaluate import score_examples
from tumorscope.evaluation.metrics.figures import measure_figures
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.evaluation.metrics.summary import summarise_for_manifest
from tumorscope.inference.classifier import Classifier, calibrate
from tumorscope.inference.engines.engine import Engine
from tumorscope.inference.pipeline import predict_scan
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
    update = {"temperature": temperature, "uniform_weight": uniform_weight, "metrics": metrics}
    served = manifest.model_copy(update=update)
    classifier = Classifier(Bundle(served, "", stored, golden_files), engine)
    return served.model_copy(update={"golden": answer_golden(classifier)}), golden_files


def measure_calibrated(scored: Scored, calibration: tuple[float, float], engine_name: str) -> dict[str, Any]:
    """What a manifest says of its model's answers to the slices that it was calibrated on.

    Returns
    -------
    dict
        See `metrics.summary.summarise_for_manifest`; ``ece_uncalibrated`` is that before calibration.
    """
    calibrated = replace(scored, probabilities=calibrate(recover_logits(scored.probabilities), *calibration))
    return {
        **summarise_for_manifest(calibrated, engine_name),
        "calibration_fitted": "on the same validation patients; 'ece' is after, 'ece_uncalibrated' before",
        "ece_uncalibrated": measure_figures(scored, ["ece"]).get("ece"),
    }


def answer_golden(classifier: Classifier) -> list[GoldenManifest]:
    """What a model says of its bundle's golden files."""
    return [
        GoldenManifest(
            file=name,
            probabilities=dict(predict_scan(classifier, read_golden(name, data)).prediction.probabilities),
        )
        for name, data in classifier.bundle.golden_files.items()
    ]
