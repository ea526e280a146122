"""A classifier and examples in, their scored predictions out, through the very code that serves."""

from collections.abc import Callable, Sequence

import numpy as np

from tumorscope.datasets.example import Example, read_example
from tumorscope.evaluation.metrics import Scored
from tumorscope.inference.classifier import Classifier, classify


def score_examples(classifier: Classifier, examples: Sequence[Example], advance: Callable[[], None]) -> Scored:
    """Classify examples one by one.

    Parameters
    ----------
    classifier : Classifier
        As it is served.
    examples : sequence of Example
        At least one.
    advance : callable
        Called once an example.

    Returns
    -------
    Scored
        In the examples' order.
    """
    class_names = tuple(classifier.bundle.manifest.class_names)
    rows = []
    for example in examples:
        probabilities = classify(classifier, read_example(example)).prediction.probabilities
        rows.append([probabilities[name] for name in class_names])
        advance()
    return Scored(
        np.array([example.label for example in examples]),
        np.array([example.patient_id for example in examples]),
        np.array([example.source for example in examples]),
        np.array(rows),
        class_names,
    )
