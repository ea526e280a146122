"""Examples in, a training and a validation part out, with no patient on both sides."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tumorscope.datasets.example import Example


@dataclass(frozen=True, slots=True)
class Split:
    """Two parts of a data set that share no patient."""

    training: tuple[Example, ...]
    validation: tuple[Example, ...]

    @property
    def sha256(self) -> str:
        """Identifies who is in validation: the hash of its sorted patient identifiers."""
        patients = sorted({example.patient_id for example in self.validation})
        return hashlib.sha256("\n".join(patients).encode()).hexdigest()


def split_by_patient(examples: Sequence[Example], validation_share: float, seed: int) -> Split:
    """Part the examples by patient, separately for each label and source.

    Parameters
    ----------
    examples : sequence of Example
        The data set.
    validation_share : float
        Share of the patients of each label and source that go to validation, in 0..1.
    seed : int
        The same seed gives the same split.

    Returns
    -------
    Split
        A patient with pictures of several labels or sources goes where the first of them went.
    """
    strata: dict[tuple[str, str], list[str]] = defaultdict(list)
    seen: set[str] = set()
    for example in examples:
        if example.patient_id not in seen:
            seen.add(example.patient_id)
            strata[example.label, example.source].append(example.patient_id)
    rng = np.random.default_rng(seed)
    held_out: set[str] = set()
    for key in sorted(strata):
        patients = sorted(strata[key])
        rng.shuffle(patients)
        held_out.update(patients[: round(validation_share * len(patients))])
    return Split(
        tuple(example for example in examples if example.patient_id not in held_out),
        tuple(example for example in examples if example.patient_id in held_out),
    )
