"""A collection that is published with a split in; figures of its testing part and of what does not leak of it out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tumorscope.datasets.audit import find_leakage
from tumorscope.datasets.folder import official_split
from tumorscope.evaluation.evaluate import score_examples
from tumorscope.evaluation.metrics.summary import summarise
from tumorscope.inference.classifier import Classifier

WHOLE = "official testing part"
LEAK_FREE = "without near-duplicates in training"


def measure_official_split(classifier: Classifier, data: Path, advance: Callable[[], None]) -> dict[str, Any]:
    """Evaluate a collection's own testing part, and what is left of it without near-duplicates of training images.

    Parameters
    ----------
    classifier : Classifier
        As it is served.
    data : Path
        See `datasets.folder.official_split`.
    advance : callable
        Called once an example of either part, and once more for each that is classified.

    Returns
    -------
    dict
        ``official_split``: `metrics.summary.summarise` of both, by name; the second is left out where everything
        leaks. Empty where the collection has no split of its own.
    """
    split = official_split(data)
    if split is None:
        return {}
    leaking = find_leakage(split, advance).validation_examples
    scored = score_examples(classifier, split.validation, advance)
    parts = {WHOLE: summarise(scored, WHOLE)}
    clean = np.array([example not in leaking for example in split.validation])
    if clean.any():
        parts[LEAK_FREE] = summarise(scored.take(clean), LEAK_FREE)
    return {"official_split": parts}
