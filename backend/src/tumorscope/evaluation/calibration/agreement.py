"""Two engines of one bundle and slices in; how far their answers are apart out."""

from collections.abc import Callable, Sequence

import numpy as np

from tumorscope.datasets.example import Example, read_example
from tumorscope.domain.errors import EvaluationError
from tumorscope.domain.prediction import Prediction
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.pipeline import predict_scan
from tumorscope.model.manifest import Int8Manifest

MAX_DIFFERENT_DECISIONS = 0.005
"""Share of held-out slices that a faster form may decide otherwise than the float32 network."""
MAX_MEAN_DIFFERENCE = 0.01
"""Of the tumour probability."""
MAX_ACCURACY_LOST = 0.003


def compare_answers(
    reference: Classifier,
    other: Classifier,
    examples: Sequence[Example],
    calibration_slices: int,
    advance: Callable[[], None],
) -> Int8Manifest:
    """Answer every held-out slice twice: by the float32 network, and by its int8 form."""
    known = set(reference.bundle.manifest.class_names)
    different, distances, right = 0, [], []
    for example in examples:
        scan = read_example(example)
        one, two = (predict_scan(classifier, scan).prediction for classifier in (reference, other))
        different += (one.decision, one.label) != (two.decision, two.label)
        distances.append(_measure_distance(one, two))
        if example.label in known:
            right.append([_name_likeliest(prediction) == example.label for prediction in (one, two)])
        advance()
    accuracy = np.mean(right, axis=0)
    return Int8Manifest(
        calibration_slices=calibration_slices,
        slices=len(examples),
        different_decisions=round(different / len(examples), 5),
        mean_tumor_probability_difference=round(float(np.mean(distances)), 5),
        accuracy_float32=round(float(accuracy[0]), 5),
        accuracy_int8=round(float(accuracy[1]), 5),
    )


def check_agreement(found: Int8Manifest) -> None:
    """See that a faster form costs no answers.

    Raises
    ------
    EvaluationError
        It is further from the float32 network than the bounds above.
    """
    # As exactly as both are noted: what is at the bound is not beyond it.
    lost = round(found.accuracy_float32 - found.accuracy_int8, 5)
    faults = [
        f"{words} {value:.4f}, at most {bound}"
        for words, value, bound in (
            ("share of other decisions", found.different_decisions, MAX_DIFFERENT_DECISIONS),
            ("mean difference of the tumour probability", found.mean_tumor_probability_difference, MAX_MEAN_DIFFERENCE),
            ("accuracy lost", lost, MAX_ACCURACY_LOST),
        )
        if value > bound
    ]
    if faults:
        raise EvaluationError(f"The int8 form is too far from the float32 network: {'; '.join(faults)}.")


def _measure_distance(one: Prediction, two: Prediction) -> float:
    """Of the tumour probabilities; of a model without them, the largest one of a class."""
    if one.tumor_probability is not None and two.tumor_probability is not None:
        return abs(one.tumor_probability - two.tumor_probability)
    return max(abs(one.probabilities[name] - two.probabilities[name]) for name in one.probabilities)


def _name_likeliest(prediction: Prediction) -> str:
    return max(prediction.probabilities, key=lambda name: prediction.probabilities[name])
