"""Scored slices in, images of the worst mistakes out: for a report that stays where the data is."""

from collections.abc import Sequence

import numpy as np

from tumorscope.datasets.example import Example, read_example
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.evaluation.report.tables import to_words
from tumorscope.imaging.formats.raster import encode_png
from tumorscope.inference.classifier import Classifier
from tumorscope.preprocessing.pipeline import to_model_input

_SHOWN = 24
# Neighbouring slices of one patient would fill the page with one mistake.
_SHOWN_OF_PATIENT = 2


def find_mistakes(scored: Scored, examples: Sequence[Example], classifier: Classifier) -> list[tuple[bytes, str]]:
    """The slices that the model was most certain and wrong of, as it saw them.

    Parameters
    ----------
    scored : Scored
        The model's answers.
    examples : sequence of Example
        What they are the answers to, in the same order.
    classifier : Classifier
        The model.

    Returns
    -------
    list of (bytes, str)
        PNG of the first channel of the model's input, and what to say of it; the most certain first, at most two of a
        patient.
    """
    wrong = np.flatnonzero(scored.of_known_class & (scored.predicted != scored.labels))
    shown: list[tuple[bytes, str]] = []
    seen: dict[str, int] = {}
    for row in wrong[np.argsort(-scored.probabilities[wrong].max(axis=1), kind="stable")]:
        patient = examples[row].patient_id
        seen[patient] = seen.get(patient, 0) + 1
        if len(shown) == _SHOWN or seen[patient] > _SHOWN_OF_PATIENT:
            continue
        pixels = to_model_input(read_example(examples[row]), classifier.bundle.manifest.preprocessing_parameters).pixels
        words = (
            f"{to_words(scored.labels[row])}, called {to_words(scored.predicted[row])} "
            f"({scored.probabilities[row].max():.2f}); {examples[row].source}"
        )
        shown.append((encode_png((pixels[:, :, 0] * 255).round().astype(np.uint8)), words))
    return shown
