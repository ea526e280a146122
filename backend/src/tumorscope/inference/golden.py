"""A loaded model in; refused where it does not reproduce its golden answers."""

from tumorscope.domain.errors import AnswerNotFinite, GoldenMismatch
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.pipeline import predict_scan
from tumorscope.model.golden import read_golden


def check_golden_answers(classifier: Classifier) -> None:
    """Predict from the bundle's golden pictures, from their bytes on.

    Raises
    ------
    BundleInvalid
        A golden file cannot be decoded.
    GoldenMismatch
        A probability is no number, or further from its golden answer than the manifest's tolerance.
    """
    manifest = classifier.bundle.manifest
    for golden in manifest.golden:
        scan = read_golden(golden.file, classifier.bundle.golden_files[golden.file])
        try:
            probabilities = predict_scan(classifier, scan).prediction.probabilities
        except AnswerNotFinite as error:
            raise GoldenMismatch(f"the answer to {golden.file} is no number") from error
        furthest = max(abs(probabilities[name] - expected) for name, expected in golden.probabilities.items())
        if furthest > manifest.golden_tolerance:
            raise GoldenMismatch(f"the answer to {golden.file} is {furthest:.3f} off its golden answer")
