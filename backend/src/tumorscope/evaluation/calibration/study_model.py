"""Whole heads without a tumour, and with inserted lesions, in; the model of studies and its limits out."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import t as student

from tumorscope.datasets.example import read_volume
from tumorscope.domain.labels import NO_TUMOR, TUMOR_OF_UNSTATED_KIND
from tumorscope.domain.scan import SequenceName, Volume
from tumorscope.evaluation.calibration.decision_limits import COVERAGE, keep_from
from tumorscope.evaluation.calibration.temperature import recover_logits
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.evaluation.metrics.statistics import area_under_roc
from tumorscope.evaluation.studies.find import Study
from tumorscope.inference.classifier import SEQUENCES, Classifier, tumor_log_odds
from tumorscope.inference.pipeline import predict_scan
from tumorscope.model.manifest import SequenceStudyManifest, StudyLimits, StudyManifest, StudyReading

InsertLesion = Callable[[Volume, str | None, np.random.Generator], Volume | None]
"""Puts a lesion into a head of a sequence; None where there is no room for one."""

_MAX_FOLDS = 20
# Different lesions in copies of each head.
_LESIONS = 15
# Of fewer heads their highest figure alone would be the limit.
_FEW_HEADS = 20
# Of a Gaussian prior on the coefficients, for there are few people.
_PRECISION = 1.0
_EVEN = 0.5
# The limit of a sequence also counts so many tumours of the others: 95 % of a handful says nothing.
_BORROWED = 20
# At `screening` "no tumor" is answered only below this share of the limit that `balanced` has: lesions that are
# overlooked in a hundredth of the studies cannot be counted in so few.
_SHARE_OF_BALANCED = 0.5
# From this tumour probability on, a slice says something of the kind; and so many slices are at least a study's.
_SHOWS_KIND = 0.3
_FEWEST_SLICES = 3


def read_studies(
    classifier: Classifier, studies: Sequence[Study], insert: InsertLesion, advance: Callable[[], None]
) -> list[StudyReading]:
    """Read the axial slices of every head, as it is and with lesions; heads that are not axial are left out."""
    rng = np.random.default_rng(0)
    # Without a model of studies only the acquired plane is read.
    reader = with_study_model(classifier, None)
    readings: list[StudyReading] = []
    for study in studies:
        volume = read_volume(study.files[0])
        with_lesion = (insert(volume, study.sequence, rng) for _ in range(_LESIONS))
        for has_tumor, scan in [(False, volume), *((True, one) for one in with_lesion if one is not None)]:
            evidence = predict_scan(reader, scan).evidence
            if evidence is not None:
                of_whom = {"person": study.patient_id, "source": study.source, "sequence": _name(study.sequence)}
                readings.append(StudyReading(**of_whom, has_tumor=has_tumor, evidence=round(evidence, 3)))
        advance()
    return readings


def read_known_tumors(classifier: Classifier, scored: Scored) -> list[StudyReading]:
    """Read the tumour slices of each person in a sequence as a study of thick slices, which the highest decides."""
    manifest = classifier.bundle.manifest
    tumors = scored.take(scored.with_tumor)
    logits = recover_logits(tumors.probabilities, manifest.temperature, manifest.uniform_weight)
    log_odds = np.array([tumor_log_odds(classifier, row) for row in logits])
    highest: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for key, value in zip(zip(tumors.patients, tumors.sources, tumors.sequences, strict=True), log_odds, strict=True):
        highest[key].append(float(value))
    return [
        StudyReading(
            person=person, source=source, sequence=_name(sequence), has_tumor=True, evidence=round(max(values), 3)
        )
        for (person, source, sequence), values in sorted(highest.items())
        if len(values) >= _FEWEST_SLICES
    ]


def fit_study_model(readings: Sequence[StudyReading], scored: Scored) -> StudyManifest:
    """Fit a logistic regression for each sequence, limits on cross-validated probabilities, and those of kinds.

    Parameters
    ----------
    readings : sequence of StudyReading
        Of people who were not trained on, some with and some without a tumour.
    scored : Scored
        Calibrated answers to slices of people who were not trained on: each person's slices of a sequence with a tumour
        are taken for a study, as in `read_known_tumors`, whose kind is known.
    """
    evidence = np.array([one.evidence for one in readings])
    has_tumor = np.array([one.has_tumor for one in readings])
    sources = np.array([one.source for one in readings])
    sequences = np.array([one.sequence or "" for one in readings])
    people = np.array([one.person for one in readings])
    # One person at a time is left out, but of many people several.
    folds = np.unique(people, return_inverse=True)[1] % _MAX_FOLDS
    probabilities = _cross_validate(evidence, has_tumor, sequences, folds)
    models = _fit_by_sequence(evidence, has_tumor, sequences)
    heads = logit(_weigh(models, evidence, sequences)[~has_tumor])
    none_kept_from = (
        expit(-_find_highest(heads)) if len(heads) < _FEW_HEADS else keep_from(~has_tumor, (1 - probabilities)[None])
    )
    # Of fewer than twenty tumours all are kept: no more can be promised of the next one.
    tumor_coverage = min(COVERAGE, 1 - 1 / (has_tumor.sum() + 1))
    kept_from = {
        TUMOR_OF_UNSTATED_KIND: round(keep_from(has_tumor, probabilities[None], tumor_coverage), 4),
        NO_TUMOR: round(float(none_kept_from), 4),
    }
    intercept, slope = models[""]
    excluded = round(_SHARE_OF_BALANCED * kept_from[TUMOR_OF_UNSTATED_KIND], 4)
    own_shares = pool_own_shares(scored)
    return StudyManifest(
        intercept=intercept,
        slope=slope,
        kept_from=kept_from,
        # Of all kinds together: of some there are too few people for a limit of its own.
        kinds_kept_from=round(keep_from(np.ones(len(own_shares), bool), own_shares[None]), 4),
        by_sequence={
            name: SequenceStudyManifest(
                intercept=models[name][0],
                slope=models[name][1],
                tumor_kept_from=min(
                    kept_from[TUMOR_OF_UNSTATED_KIND],
                    round(_find_own_limit(probabilities[has_tumor], sequences[has_tumor] == name), 4),
                ),
            )
            for name in SEQUENCES
            if name in models
        },
        operating_points={
            "screening": StudyLimits(tumor_threshold=excluded, min_confidence=0),
            "balanced": StudyLimits(tumor_threshold=_EVEN, min_confidence=0),
        },
        readings=list(readings),
        figures={
            "people": len(np.unique(people)),
            "readings": len(readings),
            "coverage": COVERAGE,
            "cross_validated": _measure(probabilities, has_tumor),
            "left_out_sources": _measure(_cross_validate(evidence, has_tumor, sequences, sources), has_tumor),
            "by_sequence": {
                name: _count(has_tumor[sequences == name], probabilities[sequences == name]) for name in models if name
            },
        },
    )


def pool_own_shares(scored: Scored) -> NDArray[np.float64]:
    """The true kind's share of the kinds, shape (studies,), in each person's tumour slices of one sequence."""
    known = scored.take(scored.of_known_class & scored.with_tumor)
    columns = [known.class_names.index(name) for name in known.kinds]
    shares = []
    for person, sequence in sorted(set(zip(known.patients.tolist(), known.sequences.tolist(), strict=True))):
        inside = np.flatnonzero((known.patients == person) & (known.sequences == sequence))
        if len(inside) < _FEWEST_SLICES:
            continue
        shows = inside[known.tumor_probability[inside] >= _SHOWS_KIND]
        mean = known.probabilities[shows if shows.size else inside].mean(axis=0)
        shares.append(mean[known.class_names.index(known.labels[inside[0]])] / mean[columns].sum())
    return np.array(shares)


def with_study_model(classifier: Classifier, study: StudyManifest | None) -> Classifier:
    """The same with another model of studies, or with none."""
    manifest = classifier.bundle.manifest
    assert manifest.trust is not None  # noqa: S101  (it is calibrated)
    changed = manifest.model_copy(update={"trust": manifest.trust.model_copy(update={"study": study})})
    return replace(classifier, bundle=replace(classifier.bundle, manifest=changed))


def _fit_by_sequence(
    evidence: NDArray[np.float64], has_tumor: NDArray[np.bool_], sequences: NDArray[np.str_]
) -> dict[str, tuple[float, float]]:
    """Intercept and slope of all together, by "", and of each sequence with heads of both kinds.

    Those of a sequence are drawn to the common ones, the more so the fewer heads without a tumour there are.
    """
    # With and without count alike, however many lesions there are.
    counts = np.where(has_tumor, 0.5 / max(has_tumor.sum(), 1), 0.5 / max((~has_tumor).sum(), 1)) * len(evidence)
    common = _fit(evidence, has_tumor, counts, (0, 0), (0, _PRECISION))
    models = {"": common}
    for name in np.unique(sequences[~has_tumor]).tolist():
        inside = sequences == name
        heads, tumors = (inside & ~has_tumor).sum(), (inside & has_tumor).sum()
        if name and tumors:
            counts = np.where(has_tumor[inside], heads / tumors, 1.0)
            models[name] = _fit(evidence[inside], has_tumor[inside], counts, common, (_PRECISION, _PRECISION))
    return models


def _fit(
    evidence: NDArray[np.float64],
    has_tumor: NDArray[np.bool_],
    counts: NDArray[np.float64],
    expected: tuple[float, float],
    precisions: tuple[float, float],
) -> tuple[float, float]:
    """Intercept and slope, most probable a posteriori; more evidence never means less probable."""
    signs = np.where(has_tumor, 1.0, -1.0)

    def loss(weights: NDArray[np.float64]) -> float:
        margins = signs * (weights[0] + weights[1] * evidence)
        away = weights - np.array(expected)
        return float(counts @ np.logaddexp(0, -margins) + np.array(precisions) @ away**2 / 2)

    found = minimize(loss, np.array(expected, np.float64), method="L-BFGS-B", bounds=[(None, None), (0, None)])
    intercept, slope = found.x.round(4).tolist()
    return intercept, slope


def _weigh(
    models: Mapping[str, tuple[float, float]], evidence: NDArray[np.float64], sequences: NDArray[np.str_]
) -> NDArray[np.float64]:
    """The probability of each study, by the model of its sequence, or the common one."""
    of_each = np.array([models.get(name, models[""]) for name in sequences.tolist()])
    probabilities: NDArray[np.float64] = expit(of_each[:, 0] + of_each[:, 1] * evidence)
    return probabilities


def _find_own_limit(tumors: NDArray[np.float64], own: NDArray[np.bool_]) -> float:
    """What a share of `COVERAGE` of a sequence's tumours reaches; of those of others, a few count too."""
    others = max((~own).sum(), 1)
    weights = np.where(own, 1.0, _BORROWED / others)
    order = np.argsort(tumors)
    lost = np.cumsum(weights[order]) > (1 - COVERAGE) * weights.sum()
    return float(tumors[order][lost.argmax()])


def _name(sequence: str | None) -> SequenceName | None:
    return next((name for name in SEQUENCES if name == sequence), None)


def _find_highest(evidence: NDArray[np.float64]) -> float:
    """What the next head's figure exceeds in `1 - COVERAGE` of cases: their prediction limit, were they normal."""
    count = len(evidence)
    spread = float(evidence.std(ddof=1)) * np.sqrt(1 + 1 / count)
    return float(evidence.mean() + student.ppf(COVERAGE, count - 1) * spread)


def _cross_validate(
    evidence: NDArray[np.float64], has_tumor: NDArray[np.bool_], sequences: NDArray[np.str_], groups: NDArray[Any]
) -> NDArray[np.float64]:
    """The probability of each study by models that were fitted on the other groups."""
    probabilities = np.empty(len(groups))
    for group in np.unique(groups):
        inside = groups == group
        models = _fit_by_sequence(evidence[~inside], has_tumor[~inside], sequences[~inside])
        probabilities[inside] = _weigh(models, evidence[inside], sequences[inside])
    return probabilities


def _count(has_tumor: NDArray[np.bool_], probabilities: NDArray[np.float64]) -> dict[str, float]:
    """Of one sequence."""
    return {
        "with_tumor": int(has_tumor.sum()),
        "without": int((~has_tumor).sum()),
        **_measure(probabilities, has_tumor),
    }


def _measure(probabilities: NDArray[np.float64], has_tumor: NDArray[np.bool_]) -> dict[str, float]:
    likelihood = np.clip(np.where(has_tumor, probabilities, 1 - probabilities), 1e-6, 1)
    area = area_under_roc(probabilities, has_tumor, np.ones((1, len(probabilities))))
    return {"auc": round(float(np.ravel(area)[0]), 4), "log_loss": round(float(-np.log(likelihood).mean()), 4)}
