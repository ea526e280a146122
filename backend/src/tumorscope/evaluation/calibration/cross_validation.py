"""Held-out answers in; how the trust layer does on patients that it was not fitted on out."""

from dataclasses import replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.labels import NO_TUMOR
from tumorscope.domain.prediction import Decision, decide
from tumorscope.evaluation.calibration.limits import fit_rules
from tumorscope.evaluation.calibration.release import as_logits, fit_calibration
from tumorscope.evaluation.metrics.figures import measure_figures
from tumorscope.evaluation.metrics.scored import Mask, Scored
from tumorscope.inference.calibration import calibrate
from tumorscope.model.manifest import OperatingPoint

_FOLDS = 5
_REPEATS = 10
# Of fewer slices, an expected calibration error is mostly chance.
_MIN_SLICES = 40


def measure_rules(scored: Scored, seed: int = 0) -> dict[str, Any]:
    """How rules do on patients other than those they are fitted on, in turn.

    Parameters
    ----------
    scored : Scored
        Answers at temperature 1, of patients that were not trained on.
    seed : int
        Of the folds.

    Returns
    -------
    dict
        Means over ten partings of the patients into five folds: calibration, sets and rules are fitted on four of
        them and judged on the fifth.
    """
    rng = np.random.default_rng(seed)
    partings = [_measure_parting(scored, _part_patients(scored, rng)) for _ in range(_REPEATS)]
    figures: dict[str, Any] = {"partings": _REPEATS, "folds": _FOLDS}
    for name in partings[0]:
        values = [parting[name] for parting in partings]
        figures[name] = {"value": float(np.mean(values)), "spread": float(np.std(values))}
    return figures


def measure_left_out_sources(scored: Scored) -> dict[str, float]:
    """The expected calibration error on each collection, calibrated on the others alone.

    Parameters
    ----------
    scored : Scored
        As for `measure_rules`.

    Returns
    -------
    dict of str to float
        By source; those with too few slices of known class are left out.
    """
    known = scored.take(scored.of_known_class)
    errors = {}
    for source in np.unique(known.sources):
        inside = known.sources == source
        if inside.sum() < _MIN_SLICES or inside.all():
            continue
        judged, fitted = known.take(inside), fit_calibration(known.take(~inside))
        calibrated = replace(judged, probabilities=calibrate(as_logits(judged), *fitted))
        errors[str(source)] = float(measure_figures(calibrated, ["ece"])["ece"]["value"])
    return errors


def _part_patients(scored: Scored, rng: np.random.Generator) -> NDArray[np.int_]:
    """A fold for each slice: patients stay together, and each class is spread over all folds."""
    folds: dict[str, int] = {}
    for label in np.unique(scored.labels):
        patients = [patient for patient in np.unique(scored.patients[scored.labels == label]) if patient not in folds]
        for patient, fold in zip(patients, rng.permutation(np.arange(len(patients)) % _FOLDS), strict=True):
            folds[patient] = int(fold)
    return np.array([folds[patient] for patient in scored.patients])


def _measure_parting(scored: Scored, folds: NDArray[np.int_]) -> dict[str, float]:
    probabilities = np.empty_like(scored.probabilities)
    decisions: dict[OperatingPoint, NDArray[np.str_]] = {
        point: np.full(len(scored), "", "U16") for point in get_args(OperatingPoint)
    }
    kept = np.zeros(scored.probabilities.shape, bool)
    for fold in range(_FOLDS):
        fitted, judged = scored.take(folds != fold), np.flatnonzero(folds == fold)
        calibration = fit_calibration(fitted)
        rules = fit_rules(replace(fitted, probabilities=calibrate(as_logits(fitted), *calibration)))
        probabilities[judged] = calibrate(as_logits(scored.take(judged)), *calibration)
        for point, rule in rules.items():
            for row in judged:
                named = dict(zip(scored.class_names, map(float, probabilities[row]), strict=True))
                prediction = decide(named, rule)
                decisions[point][row] = prediction.label or prediction.decision.value
                kept[row] = [name in (prediction.prediction_set or ()) for name in scored.class_names]
    calibrated = replace(scored, probabilities=probabilities)
    figures = {"ece": float(measure_figures(calibrated, ["ece"])["ece"]["value"]), "brier": _brier(calibrated)}
    for number, name in enumerate(scored.class_names):
        figures[f"coverage_{name}"] = _mean(kept[scored.labels == name, number])
    figures["mean_set_size"] = float(kept[scored.of_known_class].sum(axis=1).mean())
    for point, said in decisions.items():
        figures |= {f"{point}_{name}": value for name, value in _measure_decisions(scored, said).items()}
    return figures


def _brier(scored: Scored) -> float:
    known = scored.take(scored.of_known_class)
    truth = known.labels[:, None] == np.asarray(known.class_names)
    return float(((known.probabilities - truth) ** 2).sum(axis=1).mean())


def _measure_decisions(scored: Scored, said: NDArray[np.str_]) -> dict[str, float]:
    known: Mask = scored.of_known_class
    answered = known & (said != Decision.UNCERTAIN.value)
    healthy = ~scored.with_tumor
    # Slices of healthy volumes are many, and easier than pictures.
    picture = healthy & (scored.volumes == "") if (healthy & (scored.volumes == "")).any() else healthy
    called_tumor, called_none = np.isin(said, scored.kinds), said == NO_TUMOR
    return {
        "answered": float(answered.sum() / known.sum()),
        "right_of_answered": _mean((said == scored.labels)[answered]),
        "tumor_called_none": _mean(called_none[~healthy]),
        "none_called_tumor": _mean(called_tumor[healthy]),
        "tumor_called_tumor": _mean(called_tumor[~healthy]),
        "picture_called_tumor": _mean(called_tumor[picture]),
        "picture_called_none": _mean(called_none[picture]),
    }


def _mean(holds: Mask) -> float:
    """The share that holds; 0 of none."""
    return float(holds.mean()) if len(holds) else 0.0
