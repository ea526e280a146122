"""A classifier and slices or studies in, its predictions out: by the pipeline that serves."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from tumorscope.datasets.example import Example, read_example
from tumorscope.domain.errors import EvaluationError
from tumorscope.domain.labels import allowed_classes
from tumorscope.domain.prediction import Prediction
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.evaluation.studies.find import Study
from tumorscope.imaging.decode import decode_upload, sniff_upload
from tumorscope.imaging.source import FROM_DISK, SourceFile
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.pipeline import predict_scan, predict_upload

ClassifierOf = Callable[[Example | Study], Classifier]
"""Which model answers a slice or study: another one for each fold of a cross-validation."""


def answer_examples(
    classifier_of: ClassifierOf, examples: Sequence[Example], advance: Callable[[], None]
) -> list[Prediction]:
    """Answer slices one by one; a volume is read once where its slices follow one another.

    Raises
    ------
    InputError
        An image cannot be decoded.
    """
    predictions = []
    for example in examples:
        predictions.append(predict_scan(classifier_of(example), read_example(example)).prediction)
        advance()
    return predictions


def answer_studies(
    classifier_of: ClassifierOf, studies: Iterable[Study], advance: Callable[[], None]
) -> list[Prediction]:
    """Answer whole studies, from their files' bytes on; see `answer_examples`."""
    decode = partial(decode_upload, limits=FROM_DISK)
    predictions = []
    for study in studies:
        upload = sniff_upload([SourceFile(path.name, path.read_bytes()) for path in study.files])
        predictions.append(predict_upload(classifier_of(study), upload, decode).prediction)
        advance()
    return predictions


def score_examples(classifier: Classifier, examples: Sequence[Example], advance: Callable[[], None]) -> Scored:
    """The answers to slices as one table; see `answer_examples`.

    Raises
    ------
    EvaluationError
        There is no example, or one has a label that the model does not know.
    InputError
        An image cannot be decoded.
    """
    class_names = tuple(classifier.bundle.manifest.class_names)
    check_labels(examples, class_names)
    return Scored.of_predictions(examples, answer_examples(lambda _: classifier, examples, advance), class_names)


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
