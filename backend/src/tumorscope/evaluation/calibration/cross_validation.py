"""Held-out answers in; how calibration and limits do on patients that they were not fitted on out."""

from dataclasses import replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.labels import NO_TUMOR
from tumorscope.domain.prediction import Decision, decide
from tumorscope.domain.scan import SequenceName
from tumorscope.evaluation.calibration.decision_limits import COVERAGE, FittedDecisions, fit_decisions
from tumorscope.evaluation.calibration.study_model import fit_study_model, with_study_model
from tumorscope.evaluation.calibration.temperature import fit_calibration, recover_logits
from tumorscope.evaluation.metrics.figures import measure_figures
from tumorscope.evaluation.metrics.scored import Mask, Scored
from tumorscope.inference.classifier import Classifier, calibrate
from tumorscope.model.manifest import (
    AnswerShares,
    Manifest,
    OperatingFigures,
    OperatingPoint,
    OperatingPointManifest,
    ScopeManifest,
    TrustManifest,
)

_FOLDS = 5
_REPEATS = 10
# Of fewer slices, an expected calibration error is mostly noise.
_MIN_SLICES = 40
_DESCRIPTIONS: dict[OperatingPoint, str] = {
    "screening": "a tumour is answered 'no tumor' in at most 1 of 100 slices: 'no tumor' needs more confidence than at "
    "'balanced', and more is left uncertain",
    "balanced": "most answers are right: 'tumor' and 'no tumor' need the same confidence",
}


def measure_decisions(scored: Scored) -> dict[str, Any]:
    """Repeated patient-grouped 5-fold cross-validation of everything that `fit_decisions` fits.

    Parameters
    ----------
    scored : Scored
        Answers at temperature 1, of patients that were not trained on.

    Returns
    -------
    dict
        ``value``, the mean over the repeats, and ``spread``, their standard deviation, of each figure.
    """
    rng = np.random.default_rng(0)
    repeats = [_measure_repeat(scored, assign_folds(scored, rng)) for _ in range(_REPEATS)]
    figures: dict[str, Any] = {"repeats": _REPEATS, "folds": _FOLDS}
    for name in repeats[0]:
        values = [repeat[name] for repeat in repeats]
        figures[name] = {"value": float(np.mean(values)), "spread": float(np.std(values))}
    return figures


def measure_left_out_sources(scored: Scored) -> dict[str, float]:
    """The expected calibration error on each collection with enough slices, calibrated on the others alone."""
    known = scored.take(scored.of_known_class)
    errors = {}
    for source in np.unique(known.sources):
        inside = known.sources == source
        if inside.sum() < _MIN_SLICES or inside.all():
            continue
        judged, fitted = known.take(inside), fit_calibration(known.take(~inside))
        errors[str(source)] = _measure_ece(
            replace(judged, probabilities=calibrate(recover_logits(judged.probabilities), *fitted))
        )
    return errors


def cross_fit(classifier: Classifier, scored: Scored) -> dict[str, Classifier]:
    """For each held-out patient, the model with calibration and limits that were fitted on the other four fifths.

    The scope gate is the served one. A model of studies is fitted on the heads of all other people.
    """
    manifest = classifier.bundle.manifest
    trust = manifest.trust
    assert trust is not None  # noqa: S101  (it has a trust layer)
    logits = recover_logits(scored.probabilities, manifest.temperature, manifest.uniform_weight)
    uncalibrated = replace(scored, probabilities=calibrate(logits, 1.0))
    folds = assign_folds(scored, np.random.default_rng(0))
    fitted: dict[str, Classifier] = {}
    for fold in range(_FOLDS):
        decisions = fit_decisions(uncalibrated.take(folds != fold))
        changed = with_decisions(manifest, decisions, trust.figures, trust.scope, trust.tumor_sequences)
        other = replace(classifier, bundle=replace(classifier.bundle, manifest=changed))
        readings = [] if trust.study is None else trust.study.readings
        read = {one.person for one in readings}
        # Few heads are read, and a fifth of them would be missed: one person's at a time are left out.
        for left_out in (None, *sorted(read.intersection(scored.patients[folds == fold].tolist()))):
            kept = [one for one in readings if one.person != left_out]
            model = with_study_model(other, fit_study_model(kept, scored.take(folds != fold))) if kept else other
            inside = np.unique(scored.patients[folds == fold]).tolist() if left_out is None else [left_out]
            fitted |= dict.fromkeys(inside, model)
    return fitted


def with_decisions(
    manifest: Manifest,
    decisions: FittedDecisions,
    figures: dict[str, Any],
    scope: ScopeManifest,
    tumor_sequences: list[SequenceName] | None,
) -> Manifest:
    """The manifest with what was fitted, and what `measure_decisions` says of it."""
    points = {
        point: OperatingPointManifest(
            tumor_threshold=round(rule.tumor_threshold, 4),
            min_confidence=round(rule.min_confidence, 4),
            description=_DESCRIPTIONS[point],
            figures=_describe_figures(point, figures),
        )
        for point, rule in decisions.rules.items()
    }
    rule = decisions.rules["balanced"]
    trust = TrustManifest(
        coverage=COVERAGE,
        kept_from={name: round(limit, 6) for name, limit in (rule.kept_from or {}).items()},
        kinds_kept_from=round(rule.kinds_kept_from, 6),
        operating_points=points,
        scope=scope,
        tumor_sequences=tumor_sequences,
        figures=figures,
    )
    calibration = {"temperature": decisions.temperature, "uniform_weight": decisions.uniform_weight}
    return manifest.model_copy(update={**calibration, "trust": trust})


def assign_folds(scored: Scored, rng: np.random.Generator) -> NDArray[np.int_]:
    """A fold for each slice: patients stay together, and each class is spread over all folds."""
    folds: dict[str, int] = {}
    for label in np.unique(scored.labels):
        patients = [patient for patient in np.unique(scored.patients[scored.labels == label]) if patient not in folds]
        for patient, fold in zip(patients, rng.permutation(np.arange(len(patients)) % _FOLDS), strict=True):
            folds[patient] = int(fold)
    return np.array([folds[patient] for patient in scored.patients])


def _describe_figures(point: OperatingPoint, figures: dict[str, Any]) -> OperatingFigures:
    def read(answer: str) -> AnswerShares:
        with_tumor, without = (figures[f"{point}_{truth}_called_{answer}"]["value"] for truth in ("tumor", "picture"))
        return AnswerShares(with_tumor=round(with_tumor, 4), without_tumor=round(without, 4))

    return OperatingFigures(tumor=read("tumor"), no_tumor=read("none"))


def _measure_repeat(scored: Scored, folds: NDArray[np.int_]) -> dict[str, float]:
    probabilities = np.empty_like(scored.probabilities)
    decisions: dict[OperatingPoint, NDArray[np.str_]] = {
        point: np.full(len(scored), "", "U16") for point in get_args(OperatingPoint)
    }
    kept = np.zeros(scored.probabilities.shape, bool)
    for fold in range(_FOLDS):
        judged = np.flatnonzero(folds == fold)
        fitted = fit_decisions(scored.take(folds != fold))
        logits = recover_logits(scored.probabilities[judged])
        probabilities[judged] = calibrate(logits, fitted.temperature, fitted.uniform_weight)
        for point, rule in fitted.rules.items():
            for row in judged:
                named = dict(zip(scored.class_names, map(float, probabilities[row]), strict=True))
                prediction = decide(named, rule)
                decisions[point][row] = prediction.label or prediction.decision.value
                kept[row] = [name in (prediction.prediction_set or ()) for name in scored.class_names]
    calibrated = replace(scored, probabilities=probabilities)
    figures = {"ece": _measure_ece(calibrated), "brier": _brier(calibrated)}
    for number, name in enumerate(scored.class_names):
        figures[f"coverage_{name}"] = _mean(kept[scored.labels == name, number])
    figures["mean_set_size"] = float(kept[scored.of_known_class].sum(axis=1).mean())
    for point, said in decisions.items():
        figures |= {f"{point}_{name}": value for name, value in _count_answers(scored, said).items()}
    return figures


def _measure_ece(scored: Scored) -> float:
    return float(measure_figures(scored, ["ece"])["ece"]["value"])


def _brier(scored: Scored) -> float:
    known = scored.take(scored.of_known_class)
    truth = known.labels[:, None] == np.asarray(known.class_names)
    return float(((known.probabilities - truth) ** 2).sum(axis=1).mean())


def _count_answers(scored: Scored, said: NDArray[np.str_]) -> dict[str, float]:
    known: Mask = scored.of_known_class
    answered = known & (said != Decision.UNCERTAIN.value)
    healthy = ~scored.with_tumor
    # Slices of healthy volumes are many, and easier than images.
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
