"""A split in, what of its training part is also in its validation part out."""

from collections.abc import Callable
from dataclasses import dataclass

from tumorscope.datasets.example import Example
from tumorscope.datasets.fingerprints import take_fingerprints
from tumorscope.datasets.splits import Split
from tumorscope.datasets.twins import find_twins


@dataclass(frozen=True, slots=True)
class TwinExamples:
    """Two examples that show the same picture.

    Parameters
    ----------
    first, second : Example
        Across a split, of the training part and of the validation part.
    likeness : float
        Correlation of their detail once aligned; 1 for the same pixels.
    is_exact : bool
        Whether the decoded pixels are the same.
    """

    first: Example
    second: Example
    likeness: float
    is_exact: bool

    @property
    def has_label_conflict(self) -> bool:
        """Whether the two carry different labels."""
        return self.first.label != self.second.label


@dataclass(frozen=True, slots=True)
class Leakage:
    """What is on both sides of a split.

    Parameters
    ----------
    patients : tuple of str
        With examples on both sides.
    twins : tuple of TwinExamples
        Pictures of the training part with their twins in the validation part.
    validation_examples : frozenset of Example
        All examples of the validation part that are twins, or of such patients.
    """

    patients: tuple[str, ...]
    twins: tuple[TwinExamples, ...]
    validation_examples: frozenset[Example]

    @property
    def found(self) -> bool:
        """Whether there is any."""
        return bool(self.validation_examples)

    @property
    def summary(self) -> str:
        """A sentence."""
        if not self.found:
            return "No patient and no picture is on both sides of the split."
        twins = len({pair.second for pair in self.twins})
        parts = [
            _count(len(self.patients), "patient is", "patients are") + " on both sides" if self.patients else "",
            _count(twins, "validation picture has", "validation pictures have") + " a twin in training"
            if twins
            else "",
        ]
        return " and ".join(part for part in parts if part) + "."


def find_leakage(split: Split, advance: Callable[[], None]) -> Leakage:
    """Patients and pictures on both sides of a split.

    Takes about 15 ms of one core for each picture; pictures are compared as `twins` says, slices of volumes by their
    pixels' equality.

    Parameters
    ----------
    split : Split
        Of any data set.
    advance : callable
        Called once for each example of both parts.

    Returns
    -------
    Leakage
        Twins of the same patient are not listed as twins.

    Raises
    ------
    InputError
        A file cannot be decoded.
    """
    examples = [*split.training, *split.validation]
    border = len(split.training)
    prints = take_fingerprints(examples, advance)
    pairs = find_twins(prints, [index >= border for index in range(len(examples))])
    return collect_leakage(
        split, [TwinExamples(examples[one.first], examples[one.second], one.likeness, one.is_exact) for one in pairs]
    )


def collect_leakage(split: Split, twins: list[TwinExamples]) -> Leakage:
    """The leakage of a split whose twins across it are known, the training part's first in each pair."""
    training_patients = {example.patient_id for example in split.training}
    leaking = {example for example in split.validation if example.patient_id in training_patients}
    others = tuple(pair for pair in twins if pair.first.patient_id != pair.second.patient_id)
    return Leakage(
        tuple(sorted({example.patient_id for example in leaking})),
        others,
        frozenset(leaking | {pair.second for pair in others}),
    )


def _count(number: int, singular: str, plural: str) -> str:
    return f"{number} {singular if number == 1 else plural}"
