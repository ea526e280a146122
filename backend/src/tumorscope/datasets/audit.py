"""A split in, what makes its figures unreliable out: leakage, label conflicts and shortcuts; and as audit.json."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tumorscope.datasets.example import Example, ImageFileReference, PreparedReference, VolumeReference
from tumorscope.datasets.fingerprints import take_fingerprints
from tumorscope.datasets.near_duplicates import NearDuplicates, find_near_duplicates
from tumorscope.datasets.shortcuts import ATTRIBUTES, ClassTable, Shortcut, count_classes, measure_shortcuts
from tumorscope.datasets.splits import Split

_ROTATIONS = ("", "rotated by 90°", "rotated by 180°", "rotated by 270°")
_MIRRORS = ("mirrored", "mirrored and rotated by 90°", "flipped vertically", "mirrored and rotated by 270°")


@dataclass(frozen=True, slots=True)
class Leakage:
    """What is on both sides of a split.

    Parameters
    ----------
    patients : tuple of str
        With examples on both sides.
    near_duplicates : tuple of NearDuplicates
        Images of the training part with their near-duplicates in the validation part.
    validation_examples : frozenset of Example
        All examples of the validation part that are near-duplicates, or of such patients.
    """

    patients: tuple[str, ...]
    near_duplicates: tuple[NearDuplicates, ...]
    validation_examples: frozenset[Example]

    @property
    def found(self) -> bool:
        """Whether any example leaks."""
        return bool(self.validation_examples)

    @property
    def summary(self) -> str:
        """One sentence."""
        if not self.found:
            return "No patient and no image is on both sides of the split."
        images = len({pair.second for pair in self.near_duplicates})
        parts = [
            _count(len(self.patients), "patient is", "patients are") + " on both sides" if self.patients else "",
            _count(images, "validation image has", "validation images have") + " a near-duplicate in training"
            if images
            else "",
        ]
        return " and ".join(part for part in parts if part) + "."


@dataclass(frozen=True, slots=True)
class Audit:
    """The findings about a data set and its split.

    Parameters
    ----------
    split : Split
        The audited one.
    leakage : Leakage
        What is on both sides of the split.
    repeats : tuple of NearDuplicates
        Near-duplicates of different patients on one side: no leakage, but one image counts twice.
    conflicts : tuple of NearDuplicates
        Near-duplicates with different labels, on whichever side.
    tables : tuple of ClassTable
        Labels by each attribute that may predict them.
    shortcuts : tuple of Shortcut
        How well each attribute predicts them.
    """

    split: Split
    leakage: Leakage
    repeats: tuple[NearDuplicates, ...]
    conflicts: tuple[NearDuplicates, ...]
    tables: tuple[ClassTable, ...]
    shortcuts: tuple[Shortcut, ...]


def audit_split(split: Split, advance: Callable[[], None], advance_pairs: Callable[[float], None]) -> Audit:
    """Compare all images with all, and count labels by source, plane and sequence.

    Near-duplicates of one patient are listed only where they are on both sides, or have different labels.
    """
    examples = [*split.training, *split.validation]
    pairs = find_near_duplicates(take_fingerprints(examples, advance), advance=advance_pairs)
    training = set(split.training)
    across = [pair for pair in pairs if (pair.first in training) != (pair.second in training)]
    return Audit(
        split,
        _collect_leakage(split, across),
        tuple(pair for pair in pairs if pair not in across and pair.first.patient_id != pair.second.patient_id),
        tuple(pair for pair in pairs if pair.first.label != pair.second.label),
        tuple(count_classes(examples, attribute) for attribute in ATTRIBUTES),
        tuple(measure_shortcuts(examples)),
    )


def find_leakage(split: Split, advance: Callable[[], None]) -> Leakage:
    """Find the patients and images on both sides of a split; near-duplicates of one patient are not listed.

    Takes about 15 ms of one core for each image; `near_duplicates` says how images are compared. Slices of volumes are
    compared by the equality of their pixels. `advance` is called once for each example.
    """
    fingerprints = take_fingerprints([*split.training, *split.validation], advance)
    return _collect_leakage(split, find_near_duplicates(fingerprints, len(split.training)))


def to_json(audit: Audit, root: Path) -> dict[str, Any]:
    """The content of audit.json, plain values; files are named relative to the data set's folder `root`."""
    split, leakage = audit.split, audit.leakage
    return {
        "training": len(split.training),
        "validation": len(split.validation),
        "split_sha256": split.sha256,
        "leakage": {
            "found": leakage.found,
            "summary": leakage.summary,
            "patients": list(leakage.patients),
            "pairs": [_pair_to_json(pair, root) for pair in leakage.near_duplicates],
            "validation_files": sorted(name_image(example, root) for example in leakage.validation_examples),
        },
        "label_conflicts": [_pair_to_json(pair, root) for pair in audit.conflicts],
        "repeats_on_one_side": [_pair_to_json(pair, root) for pair in audit.repeats],
        "shortcuts": [asdict(shortcut) for shortcut in audit.shortcuts],
        "tables": {
            table.attribute: {value: dict(zip(table.labels, counts, strict=True)) for value, counts in table.rows}
            for table in audit.tables
        },
    }


def name_image(example: Example, root: Path) -> str:
    """The example's file within a folder, and which slice of it."""
    image = example.image
    name = image.path.relative_to(root).as_posix() if image.path.is_relative_to(root) else image.path.name
    match image:
        case ImageFileReference():
            return name
        case VolumeReference(_, plane, index):
            return f"{name}, {plane} {index}"
        case PreparedReference(_, index):
            return f"{name}, axial {index}"


def describe_pair(pair: NearDuplicates) -> str:
    """How the second image was made from the first."""
    if pair.is_exact:
        return "the same pixels"
    transform = _MIRRORS[pair.orientation - 4] if pair.orientation >= 4 else _ROTATIONS[pair.orientation]
    return f"{transform}, correlation {pair.correlation:.3f}".removeprefix(", ")


def _pair_to_json(pair: NearDuplicates, root: Path) -> dict[str, Any]:
    return {
        "files": [name_image(pair.first, root), name_image(pair.second, root)],
        "labels": [pair.first.label, pair.second.label],
        "patients": [pair.first.patient_id, pair.second.patient_id],
        "correlation": pair.correlation,
        "exact": pair.is_exact,
        "how": describe_pair(pair),
    }


def _collect_leakage(split: Split, across: Sequence[NearDuplicates]) -> Leakage:
    """The leakage of a split with these near-duplicates across it, the training part's first in each pair."""
    training_patients = {example.patient_id for example in split.training}
    leaking = {example for example in split.validation if example.patient_id in training_patients}
    others = tuple(pair for pair in across if pair.first.patient_id != pair.second.patient_id)
    return Leakage(
        tuple(sorted({example.patient_id for example in leaking})),
        others,
        frozenset(leaking | {pair.second for pair in others}),
    )


def _count(number: int, singular: str, plural: str) -> str:
    return f"{number} {singular if number == 1 else plural}"
