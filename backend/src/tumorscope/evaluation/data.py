"""A data folder and a bundle's split in, what the model is judged on out."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tumorscope.datasets.discover import discover_examples
from tumorscope.datasets.example import Example, ImageFileReference
from tumorscope.datasets.splits import Split, read_split
from tumorscope.domain.errors import DatasetError, EvaluationError
from tumorscope.evaluation.studies.find import Study, find_studies
from tumorscope.model.bundle import SPLIT_FILE
from tumorscope.model.manifest import Manifest

Part = Literal["validation", "training", "all"]
"""Which part of a split is evaluated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationData:
    """What a model is judged on, and with.

    Parameters
    ----------
    part : sequence of Example
        Slices that all figures are of.
    part_name : Part
        Which they are.
    fitted_on : sequence of Example
        The rest of the data, for the baselines; empty: no baselines.
    external : sequence of Example
        Slices of people that the model's split does not know.
    studies : sequence of Study
        Whole studies of people who were not trained on.
    split_sha256 : str, optional
        Of the split; None where the part is all of the data.
    chose_calibration : bool
        Whether the model's calibration and limits were fitted on the part.
    """

    part: Sequence[Example]
    part_name: Part
    fitted_on: Sequence[Example] = ()
    external: Sequence[Example] = ()
    studies: Sequence[Study] = ()
    split_sha256: str | None = None
    chose_calibration: bool = False

    @property
    def steps(self) -> int:
        """How often `measure.measure` advances."""
        times = 1 + self.chose_calibration + bool(self.fitted_on)
        return times * len(self.part) + len(self.fitted_on) + len(self.external) + len(self.studies)


def choose_data(
    bundle: Path, manifest: Manifest, data: Path, split_file: Path | None, part: Part | None
) -> EvaluationData:
    """Read a data set, and choose of it what a model is judged on.

    Without a split file, by the bundle's own split, if it is of this data; without a part, the validation part where
    there is a split, else all.

    Raises
    ------
    EvaluationError
        A part is asked for, and there is no split of this data.
    """
    examples = discover_examples(data, tuple(manifest.class_names))
    split = _find_split(bundle, split_file, examples)
    if split is None:
        if part not in {None, "all"}:
            raise EvaluationError("There is no split of this data: name one with --split, or evaluate --part all.")
        return EvaluationData(part=examples, part_name="all")
    if part == "all":
        return EvaluationData(part=examples, part_name=part)
    if part == "training":
        return EvaluationData(part=split.training, part_name=part, split_sha256=split.sha256)
    trained_on = {example.patient_id for example in split.training}
    is_own = split.sha256 == manifest.training.get("split_sha256")
    return EvaluationData(
        part=split.validation,
        part_name="validation",
        fitted_on=split.training,
        # Whole volumes are judged as studies.
        external=[example for example in split.unseen if isinstance(example.image, ImageFileReference)],
        studies=find_studies(data, trained_on | split.set_aside),
        split_sha256=split.sha256,
        chose_calibration=is_own and manifest.trust is not None,
    )


def _find_split(bundle: Path, named: Path | None, examples: Sequence[Example]) -> Split | None:
    """The split that was named, else the bundle's own where it is of this data, else none."""
    if named is not None:
        return read_split(named, examples)
    with suppress(DatasetError):
        return read_split(bundle / SPLIT_FILE, examples)
    return None
