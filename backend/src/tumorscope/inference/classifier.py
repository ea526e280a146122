"""The served model: prepared pixels in, calibrated probabilities out; and a volume's prediction from its slices'."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain import reasons
from tumorscope.domain.errors import AnswerNotFinite
from tumorscope.domain.labels import NO_TUMOR, TUMOR_OF_UNSTATED_KIND
from tumorscope.domain.prediction import Decision, DecisionRule, Prediction, decide, refuse
from tumorscope.domain.scan import SequenceName
from tumorscope.inference.engines.engine import Engine
from tumorscope.inference.findings import Region
from tumorscope.inference.scope import describe_slices, measure_distance
from tumorscope.inference.study import SlicePrediction, rank_slices
from tumorscope.model.bundle import Bundle
from tumorscope.model.manifest import OperatingPoint, StudyManifest, TrustManifest
from tumorscope.preprocessing.pipeline import PreprocessingParameters

SEQUENCES: tuple[SequenceName, ...] = get_args(SequenceName)
"""In the order of `recognise_sequences`."""

# A sequence with less of the slices' votes is not named.
_MAJORITY = 0.5
# A study is refused when more than this share of its slices is.
_MAX_REFUSED = 0.5


@dataclass(frozen=True, slots=True)
class Classifier:
    """A model that is ready to answer, and why its engine was chosen, by the milliseconds that a slice takes."""

    bundle: Bundle
    engine: Engine
    operating_point: OperatingPoint = "balanced"
    explain_engine: Callable[[], str] = str
    engine_timings: Mapping[str, float] = field(default_factory=dict)
    preprocessing: PreprocessingParameters = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "preprocessing", self.bundle.manifest.preprocessing_parameters)

    @property
    def rule(self) -> DecisionRule:
        """How its probabilities become a decision."""
        manifest = self.bundle.manifest
        if manifest.trust is None:
            return DecisionRule(manifest.tumor_threshold)
        point = manifest.trust.operating_points[self.operating_point]
        trust = manifest.trust
        return DecisionRule(point.tumor_threshold, point.min_confidence, trust.kept_from, trust.kinds_kept_from)


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
    sequences : ndarray, shape (n, sequences), float64, optional
        From `recognise_sequences`.
    activation : ndarray, shape (n, cells, cells, channels), float32
        Of the last convolution.
    """

    logits: NDArray[np.float32]
    probabilities: NDArray[np.float64]
    distances: NDArray[np.float64] | None
    sequences: NDArray[np.float64] | None
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
    described = describe_slices(outputs.features, pixels)
    distances = measure_distance(classifier.bundle, described)
    sequences = recognise_sequences(classifier.bundle, described)
    return NetworkAnswer(outputs.logits, probabilities, distances, sequences, outputs.activation)


def recognise_sequences(bundle: Bundle, described: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """Tell how likely each sequence is, slice by slice: a logistic regression on what the scope gate compares.

    Parameters
    ----------
    bundle : Bundle
        Of the model that computed the features.
    described : ndarray, shape (n, features), float32
        From `scope.describe_slices`.

    Returns
    -------
    ndarray, shape (n, sequences), float64, 0..1, or None
        In the order of `SEQUENCES`, each row summing to 1. None for a bundle that has not learned them.
    """
    if bundle.scope is None or "sequence_kernel" not in bundle.scope:
        return None
    scores = (described @ bundle.scope["sequence_kernel"] + bundle.scope["sequence_bias"]).astype(np.float64)
    scores -= scores.max(axis=1, keepdims=True)
    exponentials = np.exp(scores)
    shares: NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares


def name_sequence(shares: Sequence[NDArray[np.float64]]) -> SequenceName | None:
    """Name the sequence of a volume from the shares of its slices; None where no sequence has the majority."""
    if not shares:
        return None
    mean = np.mean(shares, axis=0)
    return SEQUENCES[int(mean.argmax())] if mean.max() >= _MAJORITY else None


def calibrate(logits: NDArray[np.float32], temperature: float, uniform_weight: float = 0.0) -> NDArray[np.float64]:
    """Temperature scaling (Guo et al., arXiv 1706.04599), mixed with a uniform distribution.

    The mixture describes label noise (Zhang et al., arXiv 2003.07329): slices that are misclassified however confident
    the network is, which no temperature corrects.

    Parameters
    ----------
    logits : ndarray, shape (n, classes)
        The network's output.
    temperature : float
        Above 1 lowers the confidence; from the manifest.
    uniform_weight : float
        In 0..1: the weight of the uniform distribution; from the manifest.

    Returns
    -------
    ndarray, shape (n, classes), float64, 0..1
        Each row sums to 1.
    """
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    exponentials = np.exp(scaled)
    softmax = exponentials / exponentials.sum(axis=1, keepdims=True)
    probabilities: NDArray[np.float64] = (1 - uniform_weight) * softmax + uniform_weight / logits.shape[1]
    return probabilities


def name_classes(classifier: Classifier, row: NDArray[np.float64]) -> dict[str, float]:
    """Probabilities, shape (classes,), by the manifest's names."""
    return {name: float(value) for name, value in zip(classifier.bundle.manifest.class_names, row, strict=True)}


def tumor_log_odds(classifier: Classifier, logits: NDArray[np.float32]) -> float:
    """Of one slice's logits, shape (classes,), before calibration; not a number without the class ``no_tumor``."""
    names = classifier.bundle.manifest.class_names
    if NO_TUMOR not in names:
        return float("nan")
    kinds = [number for number, name in enumerate(names) if name != NO_TUMOR]
    return float(np.logaddexp.reduce(logits[kinds].astype(np.float64)) - logits[names.index(NO_TUMOR)])


def pool_study(
    classifier: Classifier,
    slices: Sequence[SlicePrediction],
    region: Region | None,
    evidence: float | None,
    sequence: SequenceName | None,
) -> Prediction:
    """The prediction of a volume from those of its slices that are in scope.

    Parameters
    ----------
    classifier : Classifier
        That answered.
    slices : sequence of SlicePrediction
        Of the acquired plane, at least one.
    region : Region, optional
        With the most evidence; None where there is none.
    evidence : float, optional
        From `findings.measure_evidence`; None where the model of studies does not apply.
    sequence : SequenceName, optional
        Stated or recognised; None where neither.

    Returns
    -------
    Prediction
        By the model of studies, or by `pool_slices` where none applies; out of scope where most
        of the slices are.
    """
    every = [one.prediction for one in slices]
    refused = [prediction for prediction in every if prediction.decision is Decision.OUT_OF_SCOPE]
    if len(refused) > _MAX_REFUSED * len(every):
        ((commonest, _),) = Counter(reason for one in refused for reason in one.reasons).most_common(1)
        most = replace(reasons.MOST_SLICES_REFUSED, params={"refused": len(refused), "read": len(every)})
        return refuse(_pool_predictions(classifier, every), most, commonest)
    trust = classifier.bundle.manifest.trust
    if trust is None or trust.study is None or evidence is None:
        return _pool_predictions(classifier, [one for one in every if one.decision is not Decision.OUT_OF_SCOPE])
    inside = rank_slices(slices)[:1] if region is None else slices[region.stretch.first : region.stretch.last + 1]
    rows = [one.prediction.probabilities for one in inside if one.prediction.decision is not Decision.OUT_OF_SCOPE]
    kinds = {name: float(np.mean([row[name] for row in rows])) for name in classifier.bundle.manifest.class_names}
    probability = weigh(trust.study, evidence, sequence)
    return decide_study(probability, kinds, trust, classifier.operating_point, sequence)


def weigh(study: StudyManifest, evidence: float, sequence: SequenceName | None = None) -> float:
    """The tumour probability, in 0..1, by the logistic regression of the sequence, or else of all together."""
    of = study if sequence is None else study.by_sequence.get(sequence, study)
    return float(1 / (1 + np.exp(-(of.intercept + of.slope * evidence))))


def decide_study(
    probability: float,
    kinds: Mapping[str, float],
    trust: TrustManifest,
    point: OperatingPoint,
    sequence: SequenceName | None = None,
) -> Prediction:
    """Decide whether a study shows a tumour, and of which kind, by limits of studies.

    Parameters
    ----------
    probability : float
        Of a tumour, in 0..1.
    kinds : mapping of str to float
        How probable each class is in the region; ``no_tumor`` is passed over.
    trust : TrustManifest
        With a model of studies.
    point : OperatingPoint
        Which of its limits.
    sequence : SequenceName, optional
        Stated or recognised; None where neither.

    Returns
    -------
    Prediction
        ``uncertain`` with the reason ``sequence_cannot_exclude`` where the limits of all sequences together would allow
        ``no_tumor``, and that of its own does not.
    """
    study = trust.study
    assert study is not None  # noqa: S101  (the caller's)
    share = sum(value for name, value in kinds.items() if name != NO_TUMOR) or 1.0
    limits = study.operating_points[point]
    probabilities = {name: 1 - probability if name == NO_TUMOR else probability * kinds[name] / share for name in kinds}
    rule = DecisionRule(limits.tumor_threshold, limits.min_confidence, study.kept_from, study.kinds_kept_from)
    prediction = decide(probabilities, rule)
    own = None if sequence is None else study.by_sequence.get(sequence)
    if sequence is None or own is None:
        return prediction
    common = study.kept_from[TUMOR_OF_UNSTATED_KIND]
    kept_from = {**study.kept_from, TUMOR_OF_UNSTATED_KIND: own.tumor_kept_from}
    # A threshold below the common limit is what excludes a tumour, and becomes stricter with it.
    threshold = limits.tumor_threshold * (own.tumor_kept_from / common if limits.tumor_threshold < common else 1)
    strict = decide(probabilities, replace(rule, tumor_threshold=threshold, kept_from=kept_from))
    stricter = [name for name, one in study.by_sequence.items() if one.tumor_kept_from < common]
    able = [name for name in trust.tumor_sequences or () if name not in stricter]
    if prediction.decision is Decision.NO_TUMOR and strict.decision is Decision.UNCERTAIN and able:
        return replace(strict, reasons=(reasons.sequence_cannot_exclude(sequence, able),))
    return strict


def pool_slices(probabilities: NDArray[np.float64], no_tumor: int, reach: float) -> NDArray[np.float64]:
    """What a share of the slices reaches.

    A hundred slices are a hundred chances for a false alarm, so that a study's highest slice says little. A tumour has
    a length: a share of the slices shows it. The study is called as likely a tumour as that share of its slices
    reaches, and of the kinds that those slices show.

    Parameters
    ----------
    probabilities : ndarray, shape (slices, classes), float64, 0..1
        Each row summing to 1.
    no_tumor : int
        The class that is none.
    reach : float
        Share of the slices that must reach the study's tumour probability, from 0 (the highest slice) to 1 (the
        lowest).

    Returns
    -------
    ndarray, shape (classes,), float64, 0..1
        Summing to 1. Its tumour probability is the quantile 1 - `reach` of the slices'; the kinds share it as they do
        on average in the slices that reach it.
    """
    shares = 1 - probabilities[:, no_tumor]
    reached = float(np.quantile(shares, 1 - reach))
    reaching = shares >= reached
    mean_share = float(shares[reaching].mean())
    pooled: NDArray[np.float64] = probabilities[reaching].mean(axis=0) * (reached / mean_share if mean_share else 0.0)
    pooled[no_tumor] = 1 - reached
    return pooled


def _pool_predictions(classifier: Classifier, predictions: Sequence[Prediction]) -> Prediction:
    manifest = classifier.bundle.manifest
    rows = np.array([[prediction.probabilities[name] for name in manifest.class_names] for prediction in predictions])
    if NO_TUMOR not in manifest.class_names:
        # Every slice is taken to show the tumour: none says more than another.
        return decide(name_classes(classifier, rows.mean(axis=0)), classifier.rule)
    pooled = pool_slices(rows, manifest.class_names.index(NO_TUMOR), manifest.pooling.reach)
    return decide(name_classes(classifier, pooled), classifier.rule)
