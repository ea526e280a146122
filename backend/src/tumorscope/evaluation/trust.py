"""Held-out answers in, the numbers of the trust layer out, and how they do on patients that they were not fitted on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from tumorscope.domain.labels import NO_TUMOR
from tumorscope.domain.prediction import Decision, DecisionRule, decide
from tumorscope.evaluation.metrics import measure_figures
from tumorscope.evaluation.release import as_logits, fit_temperature
from tumorscope.evaluation.scored import Mask, Scored
from tumorscope.inference.calibration import calibrate
from tumorscope.inference.scope import transform_features
from tumorscope.model.manifest import AnswerShares, OperatingFigures, OperatingPoint, OperatingPointManifest

COVERAGE = 0.95
"""Of the prediction sets, for each class."""
REFUSED_PICTURES, REFUSED_MR = 0.015, 0.002
"""Shares of held-out slices that the scope gate may refuse: of pictures, and of slices that an MR file states."""

# So many slices are to be answered, and not uncertain.
_ANSWERED = 0.82
_POINTS: dict[OperatingPoint, tuple[float, str]] = {
    "screening": (0.99, "'no tumor' is not answered for 99 % of the slices with a tumour"),
    "balanced": (0.97, "'no tumor' is not answered for 97 % of the slices with a tumour"),
}
_FOLDS = 5
_REPEATS = 10
# A group of n reference slices counts n to the power of 1 - this: a large collection does not drown a small one.
_BALANCE = 0.8


def fit_rules(scored: Scored) -> dict[OperatingPoint, DecisionRule]:
    """Choose what is answered and what is uncertain.

    Class-conditional conformal prediction sets (Vovk, arXiv 1209.2673): a class is kept from the probability on that
    all but 1 - `COVERAGE` of its own slices reach.

    Parameters
    ----------
    scored : Scored
        Calibrated answers to slices of patients that were not trained on, some of each class.

    Returns
    -------
    dict of OperatingPoint to DecisionRule
        Both with the same sets and the same least confidence.
    """
    known = scored.take(scored.of_known_class)
    kept_from = {name: _keep_from(known, name) for name in known.class_names}
    confidence = _fit_confidence(known, kept_from)
    tumor = scored.tumor_probability[scored.with_tumor]
    return {
        point: DecisionRule(min(0.5, _reached_by(tumor, sensitivity)), confidence, kept_from)
        for point, (sensitivity, _) in _POINTS.items()
    }


def describe_points(
    rules: dict[OperatingPoint, DecisionRule], figures: dict[str, Any]
) -> dict[OperatingPoint, OperatingPointManifest]:
    """The rules as the manifest has them, with what `measure_rules` says of them."""
    return {
        point: OperatingPointManifest(
            tumor_threshold=round(rule.tumor_threshold, 4),
            min_confidence=round(rule.min_confidence, 4),
            description=_POINTS[point][1],
            figures=_describe_figures(point, figures),
        )
        for point, rule in rules.items()
    }


def _describe_figures(point: OperatingPoint, figures: dict[str, Any]) -> OperatingFigures:
    def read(answer: str) -> AnswerShares:
        with_tumor, without = (figures[f"{point}_{truth}_called_{answer}"]["value"] for truth in ("tumor", "picture"))
        return AnswerShares(with_tumor=round(with_tumor, 4), without_tumor=round(without, 4))

    return OperatingFigures(tumor=read("tumor"), no_tumor=read("none"))


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
        Means over ten partings of the patients into five folds: temperature, sets and rules are fitted on four of
        them and judged on the fifth.
    """
    rng = np.random.default_rng(seed)
    partings = [_measure_parting(scored, _part_patients(scored, rng)) for _ in range(_REPEATS)]
    figures: dict[str, Any] = {"partings": _REPEATS, "folds": _FOLDS}
    for name in partings[0]:
        values = [parting[name] for parting in partings]
        figures[name] = {"value": float(np.mean(values)), "spread": float(np.std(values))}
    return figures


def fit_scope(features: NDArray[np.float32], groups: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """Where brain MRI lies among features, each group counting about alike.

    Parameters
    ----------
    features : ndarray, shape (n, features), float32
        Of slices that the model was made from.
    groups : sequence of str, length n
        Their collections.

    Returns
    -------
    dict of str to ndarray
        ``location`` and ``whitening``, as `model.bundle.Bundle.scope`.
    """
    values = transform_features(features).astype(np.float64)
    _, number, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    weights = sizes[number].astype(np.float64) ** -_BALANCE
    weights /= weights.sum()
    location = weights @ values
    spread = np.sqrt(weights @ (values - location) ** 2) + 1e-6
    standard = (values - location) / spread
    covariance = (standard * weights[:, None]).T @ standard
    # Shrunk (Ledoit & Wolf, J. Multivariate Anal. 88, 2004): some features hardly vary, or always together.
    shrinkage = float(LedoitWolf().fit(standard).shrinkage_)
    mean_variance = np.trace(covariance) / len(covariance)
    covariance = (1 - shrinkage) * covariance + shrinkage * mean_variance * np.eye(len(covariance))
    whitening = np.linalg.cholesky(np.linalg.inv(covariance)) / spread[:, None]
    return {"location": location.astype(np.float32), "whitening": whitening.astype(np.float32)}


def _keep_from(known: Scored, name: str) -> float:
    own = np.sort(known.probabilities[known.labels == name, known.class_names.index(name)])
    # One more than there are, for the slice that is yet to come.
    rank = int((len(own) + 1) * (1 - COVERAGE))
    return float(own[rank - 1]) if rank else 0.0


def _fit_confidence(known: Scored, kept_from: dict[str, float]) -> float:
    """The confidence from which on `_ANSWERED` of the slices are answered.

    A share, and no accuracy: the few errors that are left at high confidence would decide over that alone.
    """
    limits = np.array([kept_from[name] for name in known.class_names])
    is_single = (known.probabilities >= limits).sum(axis=1) <= 1
    confidence = np.where(is_single, known.probabilities.max(axis=1), 0.0)
    return float(np.quantile(confidence, 1 - _ANSWERED))


def _reached_by(values: NDArray[np.float64], share: float) -> float:
    """What so large a share of the values reaches."""
    return float(np.quantile(values, 1 - share, method="lower"))


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
    decisions: dict[OperatingPoint, NDArray[np.str_]] = {point: np.full(len(scored), "", "U16") for point in _POINTS}
    kept = np.zeros(scored.probabilities.shape, bool)
    for fold in range(_FOLDS):
        fitted, judged = scored.take(folds != fold), np.flatnonzero(folds == fold)
        temperature = fit_temperature(fitted)
        rules = fit_rules(replace(fitted, probabilities=calibrate(as_logits(fitted), temperature)))
        probabilities[judged] = calibrate(as_logits(scored.take(judged)), temperature)
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
