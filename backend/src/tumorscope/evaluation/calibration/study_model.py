"""Whole heads without a tumour, and with inserted lesions, in; the model of studies and its limits out."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from tumorscope.datasets.example import read_volume
from tumorscope.domain.labels import NO_TUMOR, TUMOR_OF_UNSTATED_KIND
from tumorscope.domain.scan import Volume
from tumorscope.evaluation.calibration.decision_limits import COVERAGE, keep_from
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.evaluation.metrics.statistics import area_under_roc
from tumorscope.evaluation.studies.find import Study
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.pipeline import predict_scan
from tumorscope.model.manifest import STUDY_FEATURES, StudyLimits, StudyManifest, StudyReading

InsertLesion = Callable[[Volume, str | None, np.random.Generator], Volume | None]
"""Puts a lesion into a head of a sequence; None where there is no room for one."""

_FOLDS = 5
# Different lesions in copies of each head.
_LESIONS = 3
# Of a Gaussian prior on the coefficients, for there are few people.
_PRECISION = 1.0
_EVEN = 0.5
# At `screening` "no tumor" is answered only below this share of the limit that `balanced` has: lesions that are
# overlooked in a hundredth of the studies cannot be counted in so few.
_SHARE_OF_BALANCED = 0.5
# From this tumour probability on, a slice says something of the kind; and so many slices are at least a study's.
_SHOWS_KIND = 0.3
_FEWEST_SLICES = 3
# Reads three planes; what it answers is not looked at.
_UNFITTED = StudyManifest(
    intercept=0,
    coefficients=dict.fromkeys(STUDY_FEATURES, 0.0),
    kept_from={TUMOR_OF_UNSTATED_KIND: 0, NO_TUMOR: 0},
    kinds_kept_from=0,
    operating_points=dict.fromkeys(("screening", "balanced"), StudyLimits(tumor_threshold=_EVEN, min_confidence=0)),
    readings=[],
    figures={},
)


def read_studies(
    classifier: Classifier, studies: Sequence[Study], insert: InsertLesion, advance: Callable[[], None]
) -> list[StudyReading]:
    """Read every head in one plane and, where it is fine enough, in three, as it is and with lesions.

    Parameters
    ----------
    classifier : Classifier
        Calibrated, with a trust layer.
    studies : sequence of Study
        Volumes without a tumour of people who were not trained on, one file each.
    insert : InsertLesion
        Makes the counterparts with a tumour.
    advance : callable
        Called after each study.
    """
    rng = np.random.default_rng(0)
    by_planes = [with_study_model(classifier, None), with_study_model(classifier, _UNFITTED)]
    readings: list[StudyReading] = []
    for study in studies:
        volume = read_volume(study.files[0])
        with_lesion = (insert(volume, study.sequence, rng) for _ in range(_LESIONS))
        for has_tumor, scan in [(False, volume), *((True, one) for one in with_lesion if one is not None)]:
            found = [predict_scan(reader, scan).evidence for reader in by_planes]
            known = [evidence.round(3).tolist() for evidence in found if evidence is not None]
            readings += [
                StudyReading(person=study.patient_id, source=study.source, has_tumor=has_tumor, evidence=evidence)
                # Of thick slices both are the same reading.
                for evidence in (known[:1] if known[:1] == known[1:] else known)
            ]
        advance()
    return readings


def fit_study_model(readings: Sequence[StudyReading], scored: Scored) -> StudyManifest:
    """Fit a logistic regression, limits on its cross-validated probabilities, and those of kinds.

    Parameters
    ----------
    readings : sequence of StudyReading
        Of people who were not trained on, some with and some without a tumour.
    scored : Scored
        Calibrated answers to slices of people who were not trained on: each person's slices of a sequence with a tumour
        are taken for a study, whose kind is known.
    """
    evidence = np.array([one.evidence for one in readings])
    has_tumor = np.array([one.has_tumor for one in readings])
    sources = np.array([one.source for one in readings])
    names = np.array([one.person for one in readings])
    people = np.unique(names)
    folds = dict(zip(people, np.random.default_rng(0).permutation(len(people)) % _FOLDS, strict=True))
    probabilities = _cross_validate(evidence, has_tumor, np.array([folds[name] for name in names]))
    kept_from = {
        name: round(keep_from(of_class, values[None]), 4)
        for name, of_class, values in (
            (TUMOR_OF_UNSTATED_KIND, has_tumor, probabilities),
            (NO_TUMOR, ~has_tumor, 1 - probabilities),
        )
    }
    intercept, *coefficients = (round(float(weight), 4) for weight in _fit(evidence, has_tumor))
    excluded = round(_SHARE_OF_BALANCED * kept_from[TUMOR_OF_UNSTATED_KIND], 4)
    own_shares = pool_own_shares(scored)
    # The share of tumours that a tenth of the slices reaches is the answer without a model of studies.
    reached = 1 / (1 + np.exp(-evidence[:, STUDY_FEATURES.index("reach")]))
    return StudyManifest(
        intercept=intercept,
        coefficients=dict(zip(STUDY_FEATURES, coefficients, strict=True)),
        kept_from=kept_from,
        # Of all kinds together: of some there are too few people for a limit of its own.
        kinds_kept_from=round(keep_from(np.ones(len(own_shares), bool), own_shares[None]), 4),
        operating_points={
            "screening": StudyLimits(tumor_threshold=excluded, min_confidence=0),
            "balanced": StudyLimits(tumor_threshold=_EVEN, min_confidence=0),
        },
        readings=list(readings),
        figures={
            "people": len(people),
            "readings": len(readings),
            "coverage": COVERAGE,
            "cross_validated": _measure(probabilities, has_tumor),
            "left_out_sources": _measure(_cross_validate(evidence, has_tumor, sources), has_tumor),
            "quantile": _measure(reached, has_tumor),
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


def _fit(evidence: NDArray[np.float64], has_tumor: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The intercept and the coefficients, most probable a posteriori; more evidence never means less probable."""
    design = np.column_stack([np.ones(len(evidence)), evidence])
    signs = np.where(has_tumor, 1.0, -1.0)
    # With and without count alike, however many lesions there are.
    counts = np.where(has_tumor, 0.5 / max(has_tumor.sum(), 1), 0.5 / max((~has_tumor).sum(), 1)) * len(evidence)

    def loss(weights: NDArray[np.float64]) -> float:
        margins = signs * (design @ weights)
        return float(counts @ np.logaddexp(0, -margins) + _PRECISION / 2 * (weights[1:] ** 2).sum())

    bounds = [(None, None), *[(0, None)] * (len(STUDY_FEATURES) - 1), (None, None)]
    weights: NDArray[np.float64] = minimize(loss, np.zeros(design.shape[1]), method="L-BFGS-B", bounds=bounds).x
    return weights


def _cross_validate(
    evidence: NDArray[np.float64], has_tumor: NDArray[np.bool_], groups: NDArray[Any]
) -> NDArray[np.float64]:
    """The probability of each study by a model that was fitted on the other groups."""
    probabilities = np.empty(len(groups))
    for group in np.unique(groups):
        inside = groups == group
        weights = _fit(evidence[~inside], has_tumor[~inside])
        probabilities[inside] = 1 / (1 + np.exp(-(weights[0] + evidence[inside] @ weights[1:])))
    return probabilities


def _measure(probabilities: NDArray[np.float64], has_tumor: NDArray[np.bool_]) -> dict[str, float]:
    likelihood = np.clip(np.where(has_tumor, probabilities, 1 - probabilities), 1e-6, 1)
    area = area_under_roc(probabilities, has_tumor, np.ones((1, len(probabilities))))
    return {"auc": round(float(np.ravel(area)[0]), 4), "log_loss": round(float(-np.log(likelihood).mean()), 4)}
