"""A split in, single-feature baselines out: slice position, mean intensity or source alone."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from tumorscope.datasets.example import Example, ImageFileReference, read_example
from tumorscope.domain.labels import allowed_classes
from tumorscope.evaluation.metrics.bootstrap import Figure
from tumorscope.evaluation.metrics.figures import measure_figures
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input

Features = Mapping[str, str | float]

TITLES = {
    "source": "Source",
    "mean_intensity": "Mean intensity",
    "slice_position": "Slice position (slices of volumes)",
    "model_on_volumes": "This model (slices of volumes)",
}
COMPARED = ("accuracy", "macro_f1", "tumor_auc", "tumor_auc_same_collections", "tumor_auc_within_collection")
"""Figures that are measured of each."""

# Small enough not to learn single slices by heart.
_LEAVES, _LEAF_SLICES = 32, 10


def measure_baselines(
    training: Sequence[Example],
    validation: Sequence[Example],
    reference: Scored,
    parameters: PreprocessingParameters,
    advance: Callable[[], None],
) -> dict[str, dict[str, Figure]]:
    """Fit a small tree on one feature of the training part, and judge it on the validation part.

    Returns
    -------
    dict
        Figures by baseline. ``slice_position`` is of the slices of volumes alone, with the model's own figures on those
        beside it (``model_on_volumes``); both are left out where either part has none.
    """

    def brightness(example: Example) -> Features:
        advance()
        return {"mean": float(to_model_input(read_example(example), parameters).pixels.mean())}

    def judge(
        fitted: Sequence[Example], judged: Sequence[Example], describe: Callable[[Example], Features]
    ) -> dict[str, Figure]:
        return measure_figures(_answer(fitted, judged, reference, describe), COMPARED)

    measured = {
        "source": judge(training, validation, lambda example: {"source": example.source}),
        "mean_intensity": judge(training, validation, brightness),
    }
    fitted, judged = ([example for example in part if _is_of_volume(example)] for part in (training, validation))
    if fitted and judged:
        measured["slice_position"] = judge(fitted, judged, _position)
        of_volume = np.array([_is_of_volume(example) for example in validation])
        measured["model_on_volumes"] = measure_figures(reference.take(of_volume), COMPARED)
    return measured


def _answer(
    training: Sequence[Example],
    validation: Sequence[Example],
    reference: Scored,
    describe: Callable[[Example], Features],
) -> Scored:
    """The fitted tree's probabilities; a tumour of unstated kind is a little of each kind to it."""
    names = reference.class_names
    features, targets, shares = [], [], []
    for example in training:
        described = describe(example)
        allowed = allowed_classes(example.label, names)
        for name in allowed:
            features.append(described)
            targets.append(name)
            shares.append(1 / len(allowed))
    tree = DecisionTreeClassifier(max_leaf_nodes=_LEAVES, min_samples_leaf=_LEAF_SLICES, random_state=0)
    model = make_pipeline(DictVectorizer(sparse=False), tree)
    model.fit(features, targets, decisiontreeclassifier__sample_weight=shares)
    answers = model.predict_proba([describe(example) for example in validation])
    probabilities = np.zeros((len(validation), len(names)))
    for column, name in enumerate(model.classes_):
        probabilities[:, names.index(name)] = answers[:, column]
    return Scored.of(validation, probabilities, names)


def _is_of_volume(example: Example) -> bool:
    return not isinstance(example.image, ImageFileReference)


def _position(example: Example) -> Features:
    """Where in its volume the slice lies."""
    assert not isinstance(example.image, ImageFileReference)  # noqa: S101  (only slices of volumes are asked)
    return {"plane": example.plane or "", "index": float(example.image.index)}
