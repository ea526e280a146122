"""Predictions with their truths in, the figures of the model card out, with intervals by bootstrap over patients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_score, recall_score, roc_auc_score

from tumorscope.domain.labels import NO_TUMOR, TUMOR_OF_UNSTATED_KIND

_BINS = 15
_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Scored:
    """Examples that were classified, in one order.

    Parameters
    ----------
    labels, patients, sources : ndarray, shape (n,), str
        The truth, the group for the bootstrap, the collection.
    probabilities : ndarray, shape (n, classes)
        The model's answers.
    class_names : tuple of str
        Of the columns.
    """

    labels: NDArray[np.str_]
    patients: NDArray[np.str_]
    sources: NDArray[np.str_]
    probabilities: NDArray[np.float64]
    class_names: tuple[str, ...]

    def take(self, index: NDArray[np.int_] | NDArray[np.bool_]) -> "Scored":
        """Some of them, possibly several times."""
        return Scored(
            self.labels[index], self.patients[index], self.sources[index], self.probabilities[index], self.class_names
        )

    @property
    def predicted(self) -> NDArray[np.str_]:
        """The most probable class of each."""
        names: NDArray[np.str_] = np.asarray(self.class_names)[self.probabilities.argmax(axis=1)]
        return names

    @property
    def tumor_probability(self) -> NDArray[np.float64]:
        """1 - P(no_tumor) of each."""
        result: NDArray[np.float64] = 1 - self.probabilities[:, self.class_names.index(NO_TUMOR)]
        return result


Figure = Callable[[Scored], float]


def summarise(scored: Scored, same_collections: Sequence[str], tumor_threshold: float, seed: int = 0) -> dict[str, Any]:
    """The figures of the model card.

    Parameters
    ----------
    scored : Scored
        A validation part; pictures of unstated kind count for tumour against no tumour only.
    same_collections : sequence of str
        Sources that hold both tumours and healthy slices: with the collection held still, nothing but the tumour tells.
    tumor_threshold : float
        A slice is called tumour from this tumour probability on.
    seed : int
        Of the bootstrap.

    Returns
    -------
    dict
        Per figure ``value``, ``low``, ``high`` (95 % interval), ``n`` and ``patients``; figures for each class; the
        confusion matrix. A figure that is undefined for lack of examples is left out.
    """

    def called_tumor(part: Scored) -> float:
        return float((part.tumor_probability >= tumor_threshold).mean())

    def not_called_tumor(part: Scored) -> float:
        return 1 - called_tumor(part)

    of_kind = scored.take(scored.labels != TUMOR_OF_UNSTATED_KIND)
    tumor = scored.labels != NO_TUMOR
    pictures = scored.sources != "healthy-volumes"
    same = np.isin(scored.sources, same_collections)
    parts: dict[str, tuple[Scored, Figure]] = {
        "accuracy": (of_kind, _accuracy),
        "macro_f1": (of_kind, _macro_f1),
        "tumor_sensitivity": (scored.take(tumor), called_tumor),
        "tumor_specificity_pictures": (scored.take(~tumor & pictures), not_called_tumor),
        "tumor_specificity_healthy_volumes": (scored.take(~tumor & ~pictures), not_called_tumor),
        "tumor_auc": (scored, _tumor_auc),
        "tumor_auc_same_collections": (scored.take(same), _tumor_auc),
        "unstated_kind_called_tumor": (scored.take(scored.labels == TUMOR_OF_UNSTATED_KIND), called_tumor),
        "tumor_kind_by_patient": (
            scored.take(np.isin(scored.labels, [name for name in scored.class_names if name != NO_TUMOR])),
            _kind_by_patient,
        ),
        "ece": (of_kind, expected_calibration_error),
    }
    rng = np.random.default_rng(seed)
    # Without examples, or without both classes that an area needs, there is no figure.
    known = {name: pair for name, pair in parts.items() if len(pair[0].labels) and not np.isnan(pair[1](pair[0]))}
    return {
        "figures": {name: _with_interval(part, figure, rng) for name, (part, figure) in known.items()},
        "classes": _per_class(of_kind),
        "confusion_matrix": confusion_matrix(of_kind.labels, of_kind.predicted, labels=scored.class_names).tolist(),
    }


def expected_calibration_error(scored: Scored) -> float:
    """Mean gap between confidence and accuracy over 15 equal bins of confidence (Guo et al., arXiv 1706.04599)."""
    confidence = scored.probabilities.max(axis=1)
    correct = scored.predicted == scored.labels
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = [
        abs(correct[bins == b].mean() - confidence[bins == b].mean()) * (bins == b).mean()
        for b in range(_BINS)
        if (bins == b).any()
    ]
    return float(np.sum(gaps))


def _accuracy(scored: Scored) -> float:
    return float(accuracy_score(scored.labels, scored.predicted))


def _macro_f1(scored: Scored) -> float:
    return float(f1_score(scored.labels, scored.predicted, labels=scored.class_names, average="macro", zero_division=0))


def _tumor_auc(scored: Scored) -> float:
    tumor = scored.labels != NO_TUMOR
    return float(roc_auc_score(tumor, scored.tumor_probability)) if 0 < tumor.sum() < len(tumor) else float("nan")


def _kind_by_patient(scored: Scored) -> float:
    """Share of patients whose tumour's kind has the highest mean probability over their slices, among the kinds."""
    kinds = [i for i, name in enumerate(scored.class_names) if name != NO_TUMOR]
    names = np.asarray(scored.class_names)[kinds]
    right = []
    for patient in np.unique(scored.patients):
        own = scored.take(scored.patients == patient)
        right.append(names[own.probabilities[:, kinds].mean(axis=0).argmax()] == own.labels[0])
    return float(np.mean(right))


def _with_interval(
    scored: Scored, figure: Figure, rng: np.random.Generator, rounds: int = 500
) -> dict[str, float | int]:
    """The figure and its 95 % interval: patients are drawn with replacement, each with all slices."""
    patients, group = np.unique(scored.patients, return_inverse=True)
    members = [np.flatnonzero(group == i) for i in range(len(patients))]
    values = []
    for _ in range(rounds):
        drawn = rng.integers(len(patients), size=len(patients))
        # A patient drawn twice counts as two.
        resampled = scored.take(np.concatenate([members[i] for i in drawn]))
        copies = np.concatenate([np.full(len(members[i]), str(j)) for j, i in enumerate(drawn)])
        values.append(
            figure(Scored(resampled.labels, copies, resampled.sources, resampled.probabilities, scored.class_names))
        )
    low, high = np.nanquantile(values, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    return {
        "value": round(figure(scored), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "n": len(scored.labels),
        "patients": len(patients),
    }


def _per_class(scored: Scored) -> dict[str, dict[str, float]]:
    arguments = {"labels": scored.class_names, "average": None, "zero_division": 0}
    columns = {
        "precision": precision_score(scored.labels, scored.predicted, **arguments),
        "recall": recall_score(scored.labels, scored.predicted, **arguments),
        "f1": f1_score(scored.labels, scored.predicted, **arguments),
    }
    return {
        name: {figure: round(float(values[i]), 4) for figure, values in columns.items()}
        for i, name in enumerate(scored.class_names)
    }
