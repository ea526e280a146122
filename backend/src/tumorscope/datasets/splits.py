"""Examples in, patient-grouped training and validation sets out; and their files."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tumorscope.datasets.example import Example
from tumorscope.domain.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Split:
    """Training and validation set, which share no patient.

    Parameters
    ----------
    training, validation : tuple of Example
        The training set and the held-out set.
    set_aside : frozenset of str
        Patients in neither set; see `set_patients_aside`.
    unseen : tuple of Example
        Of patients that the split file does not name: external data.
    """

    training: tuple[Example, ...]
    validation: tuple[Example, ...]
    set_aside: frozenset[str] = frozenset()
    unseen: tuple[Example, ...] = ()

    @property
    def sha256(self) -> str:
        """Identifies the validation set: the hash of its sorted patient identifiers."""
        patients = sorted({example.patient_id for example in self.validation})
        return hashlib.sha256("\n".join(patients).encode()).hexdigest()


def split_by_patient(examples: Sequence[Example], validation_share: float, seed: int) -> Split:
    """Split the examples by patient, stratified by the label and source of each patient's first example."""
    held_out: set[str] = set()
    for patients in _shuffle_strata(examples, seed):
        held_out.update(patients[: round(validation_share * len(patients))])
    return _hold_out(examples, held_out)


def fold_by_patient(examples: Sequence[Example], folds: int, seed: int) -> list[Split]:
    """Patient-grouped k-fold cross-validation, stratified by label and source: every patient is held out once.

    Raises
    ------
    DatasetError
        There are fewer than two folds, or fewer patients than folds.
    """
    shuffled = [patient for patients in _shuffle_strata(examples, seed) for patient in patients]
    if not 2 <= folds <= len(shuffled):
        raise DatasetError(f"{len(shuffled)} patients cannot be spread over {folds} folds.")
    # Dealt in turn, so that each stratum is spread evenly and the next one continues where it ended.
    return [_hold_out(examples, set(shuffled[fold::folds])) for fold in range(folds)]


def leave_source_out(examples: Sequence[Example], source: str) -> Split:
    """Hold out a whole collection, with all examples of its patients.

    Raises
    ------
    DatasetError
        No example is of that source.
    """
    patients = {example.patient_id for example in examples if example.source == source}
    if not patients:
        known = ", ".join(sorted({example.source for example in examples}))
        raise DatasetError(f"No example is of {source!r}; the sources are {known}.")
    return _hold_out(examples, patients)


def extend_split(split: Split, validation_share: float, seed: int) -> Split:
    """Hold out patients of sources that `read_split` found no validation patient of; all others stay in their set."""
    known = {example.source for example in split.validation}
    others = (*split.training, *split.unseen)
    later = [example for example in others if example.source not in known]
    held_out = {example.patient_id for example in split_by_patient(later, validation_share, seed).validation}
    return Split(
        tuple(example for example in others if example.patient_id not in held_out),
        (*split.validation, *(example for example in others if example.patient_id in held_out)),
        split.set_aside,
    )


def set_patients_aside(split: Split, patients: Iterable[str]) -> Split:
    """Remove held-out patients from the split, for example those with a near-duplicate in training."""
    aside = split.set_aside | set(patients)
    kept = tuple(example for example in split.validation if example.patient_id not in aside)
    return Split(split.training, kept, frozenset(aside), split.unseen)


def write_split(split: Split, file: Path) -> None:
    """Write the patients in training, in validation and set aside, as JSON."""
    content = {
        "sha256": split.sha256,
        "training_patients": sorted({example.patient_id for example in split.training}),
        "validation_patients": sorted({example.patient_id for example in split.validation}),
        "set_aside_patients": sorted(split.set_aside),
    }
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_split(file: Path, examples: Sequence[Example]) -> Split:
    """Split examples by a file from `write_split`.

    Returns
    -------
    Split
        Patients that the file does not name are unseen; in training where it names none that are.

    Raises
    ------
    DatasetError
        The file is not a split, or holds out patients that the data set lacks.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        patients, stated = set(content["validation_patients"]), content["sha256"]
        aside = set(content["set_aside_patients"])
        training = set(content["training_patients"]) if "training_patients" in content else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{file} is no split file.") from error
    split = set_patients_aside(_hold_out(examples, patients | aside), aside)
    if split.sha256 != stated:
        raise DatasetError(f"{file} is a split of other data: it holds out patients that are not here.")
    if training is None:
        return split
    unseen = tuple(example for example in split.training if example.patient_id not in training)
    known = tuple(example for example in split.training if example.patient_id in training)
    return replace(split, training=known, unseen=unseen)


def _shuffle_strata(examples: Sequence[Example], seed: int) -> list[list[str]]:
    """Patients of each label and source, shuffled; a patient counts where its first example does."""
    strata: dict[tuple[str, str], list[str]] = defaultdict(list)
    seen: set[str] = set()
    for example in examples:
        if example.patient_id not in seen:
            seen.add(example.patient_id)
            strata[example.label, example.source].append(example.patient_id)
    rng = np.random.default_rng(seed)
    shuffled = []
    for key in sorted(strata):
        patients = sorted(strata[key])
        rng.shuffle(patients)
        shuffled.append(patients)
    return shuffled


def _hold_out(examples: Sequence[Example], patients: set[str]) -> Split:
    return Split(
        tuple(example for example in examples if example.patient_id not in patients),
        tuple(example for example in examples if example.patient_id in patients),
    )
