"""The split that a collection is published with in; its figures out, beside those of the part that does not leak."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tumorscope.datasets.audit import find_leakage
from tumorscope.datasets.splits import Split
from tumorscope.evaluation.evaluate import score_examples
from tumorscope.evaluation.measure import summarise
from tumorscope.inference.classifier import Classifier

WHOLE = "official testing part"
LEAK_FREE = "without near-duplicates in training"


def measure_official_split(classifier: Classifier, split: Split, advance: Callable[[], None]) -> dict[str, Any]:
    """Evaluate a collection's own testing part, and what is left of it without near-duplicates of training images.

    Parameters
    ----------
    classifier : Classifier
        As it is served.
    split : Split
        From `datasets.folder.official_split`: the testing part as validation.
    advance : callable
        Called once an example of either part, and once more for each that is classified.

    Returns
    -------
    dict
        `measure.summarise` of both, by name; the second is left out where everything leaks.
    """
    leaking = find_leakage(split, advance).validation_examples
    scored = score_examples(classifier, split.validation, advance)
    parts = {WHOLE: summarise(scored, WHOLE)}
    clean = np.array([example not in leaking for example in split.validation])
    if clean.any():
        parts[LEAK_FREE] = summarise(scored.take(clean), LEAK_FREE)
    return parts
