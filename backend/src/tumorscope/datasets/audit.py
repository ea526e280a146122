"""A split in, what makes its figures lie out: pictures and patients on both sides, conflicts, shortcuts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tumorscope.datasets.example import Example
from tumorscope.datasets.fingerprints import take_fingerprints
from tumorscope.datasets.shortcuts import ATTRIBUTES, ClassTable, Shortcut, count_classes, measure_shortcuts
from tumorscope.datasets.splits import Split
from tumorscope.datasets.twins import Twins, find_twins


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
    orientation : int
        Of `alignment.turn`, which makes the second of the first.
    """

    first: Example
    second: Example
    likeness: float
    is_exact: bool
    orientation: int


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


@dataclass(frozen=True, slots=True)
class Audit:
    """All that is known against a data set and its split.

    Parameters
    ----------
    split : Split
        What was looked at.
    leakage : Leakage
        What is on both sides of it.
    repeats : tuple of TwinExamples
        Twins of different patients on one side: no leakage, and yet one picture counted twice.
    conflicts : tuple of TwinExamples
        Twins, wherever they are, with different labels.
    tables : tuple of ClassTable
        Labels by what may give them away.
    shortcuts : tuple of Shortcut
        How far that gives them away.
    """

    split: Split
    leakage: Leakage
    repeats: tuple[TwinExamples, ...]
    conflicts: tuple[TwinExamples, ...]
    tables: tuple[ClassTable, ...]
    shortcuts: tuple[Shortcut, ...]


def audit_split(split: Split, advance: Callable[[], None], advance_pairs: Callable[[float], None]) -> Audit:
    """Compare all pictures with all, and count labels by source, plane and sequence.

    Parameters
    ----------
    split : Split
        Of any data set, not empty.
    advance : callable
        Called once for each example of both parts.
    advance_pairs : callable
        Called with the share of the comparisons that was done since the last call.

    Returns
    -------
    Audit
        Twins of one patient are listed only where they are on both sides, or with different labels.

    Raises
    ------
    InputError
        A file cannot be decoded.
    """
    examples = [*split.training, *split.validation]
    border = len(split.training)
    pairs = find_twins(take_fingerprints(examples, advance), advance=advance_pairs)
    twins = [_name_examples(pair, examples) for pair in pairs]
    crosses = [pair.first < border <= pair.second for pair in pairs]
    return Audit(
        split,
        _collect_leakage(split, [twin for twin, across in zip(twins, crosses, strict=True) if across]),
        tuple(
            twin
            for twin, across in zip(twins, crosses, strict=True)
            if not across and twin.first.patient_id != twin.second.patient_id
        ),
        tuple(twin for twin in twins if twin.first.label != twin.second.label),
        tuple(count_classes(examples, attribute) for attribute in ATTRIBUTES),
        tuple(measure_shortcuts(examples)),
    )


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
    return _collect_leakage(split, [_name_examples(pair, examples) for pair in pairs])


def _name_examples(pair: Twins, examples: Sequence[Example]) -> TwinExamples:
    first, second = examples[pair.first], examples[pair.second]
    return TwinExamples(first, second, pair.likeness, pair.is_exact, pair.orientation)


def _collect_leakage(split: Split, twins: Sequence[TwinExamples]) -> Leakage:
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
