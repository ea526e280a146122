"""A classifier and examples in, their scored predictions out, through the very code that serves."""

from collections.abc import Callable, Sequence

import numpy as np

from tumorscope.datasets.example import Example, read_example
from tumorscope.domain.errors import EvaluationError
from tumorscope.domain.labels import allowed_classes
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.inference.classifier import Classifier, classify


def score_examples(classifier: Classifier, examples: Sequence[Example], advance: Callable[[], None]) -> Scored:
    """Classify examples one by one, as the service does.

    Parameters
    ----------
    classifier : Classifier
        As it is served.
    examples : sequence of Example
        At least one; those of one volume should follow one another, since a volume is read once while it lasts.
    advance : callable
        Called once an example.

    Returns
    -------
    Scored
        In the examples' order.

    Raises
    ------
    EvaluationError
        There is no example, or one has a label that the model does not know.
    InputError
        A picture cannot be decoded.
    """
    manifest = classifier.bundle.manifest
    class_names = tuple(manifest.class_names)
    check_labels(examples, class_names)
    probabilities = np.empty((len(examples), len(class_names)))
    for row, example in enumerate(examples):
        answer = classify(classifier, read_example(example)).prediction.probabilities
        probabilities[row] = [answer[name] for name in class_names]
        advance()
    return Scored.of(examples, probabilities, class_names, manifest.tumor_threshold)


def check_labels(examples: Sequence[Example], class_names: tuple[str, ...]) -> None:
    """See that there are examples, and that the model can be right about each.

    Raises
    ------
    EvaluationError
        It cannot.
    """
    if not examples:
        raise EvaluationError("There is nothing to evaluate: the part of the data that was asked for is empty.")
    for label in sorted({example.label for example in examples}):
        try:
            allowed_classes(label, class_names)
        except ValueError as error:
            raise EvaluationError(f"The data does not fit the model: {error}.") from error
