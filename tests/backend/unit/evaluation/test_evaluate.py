"""Examples are answered as the service answers them; what does not fit the model is named."""

from pathlib import Path

import pytest

from tests.factories import make_phantom_file
from tumorscope.datasets.example import Example, ImageFileReference, read_example
from tumorscope.domain.errors import EvaluationError
from tumorscope.evaluation.evaluate import score_examples
from tumorscope.evaluation.report.report import find_mistakes
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.inference.pipeline import predict_scan
from tumorscope.model.bundle import Bundle


@pytest.fixture(scope="module")
def classifier(tiny_bundle: Bundle, tiny_engine: TensorFlowEngine) -> Classifier:
    return Classifier(tiny_bundle, tiny_engine)


def _examples(folder: Path, labels: list[str], patient: str | None = None) -> list[Example]:
    for seed in range(len(labels)):
        (folder / f"{seed}.png").write_bytes(make_phantom_file(seed=seed + 1, size=96))
    return [
        Example(ImageFileReference(folder / f"{seed}.png"), label, patient or f"p{seed}", "phantoms")
        for seed, label in enumerate(labels)
    ]


def test_answers_are_those_of_the_service_in_the_examples_order(classifier: Classifier, tmp_path: Path) -> None:
    examples = _examples(tmp_path, ["glioma", "no_tumor", "tumor"])
    done: list[None] = []
    scored = score_examples(classifier, examples, lambda: done.append(None))
    assert len(done) == len(scored) == 3
    for row, example in enumerate(examples):
        served = predict_scan(classifier, read_example(example)).prediction
        assert scored.probabilities[row].tolist() == list(served.probabilities.values())
    assert scored.labels.tolist() == ["glioma", "no_tumor", "tumor"]


def test_nothing_to_evaluate_is_an_error(classifier: Classifier) -> None:
    with pytest.raises(EvaluationError, match="nothing to evaluate"):
        score_examples(classifier, [], lambda: None)


def test_label_of_another_model_is_an_error(classifier: Classifier, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="HGG"):
        score_examples(classifier, _examples(tmp_path, ["HGG"]), lambda: None)


def test_mistakes_are_the_most_certain_ones_and_two_of_a_patient_at_most(
    classifier: Classifier, tmp_path: Path
) -> None:
    names = classifier.bundle.manifest.class_names
    answers = score_examples(classifier, _examples(tmp_path, ["glioma"] * 5), lambda: None)
    wrong = next(name for name in names if name not in set(answers.predicted))
    examples = _examples(tmp_path, [wrong] * 5, patient="one")
    scored = score_examples(classifier, examples, lambda: None)
    mistakes = find_mistakes(scored, examples, classifier)
    assert len(mistakes) == 2
    most_certain = scored.probabilities.max()
    assert f"({most_certain:.2f}); phantoms" in mistakes[0][1]
    assert all(png.startswith(b"\x89PNG") for png, _ in mistakes)
