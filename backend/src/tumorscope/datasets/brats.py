"""A cache of prepared BraTS cases in, Examples of their axial slices out, labelled by tumour or by grade."""

from pathlib import Path
from typing import Literal

from tumorscope.datasets.brats_cache import PreparedCase, PreparedSlice, list_cases, read_case, read_settings
from tumorscope.datasets.example import Example, PreparedReference, RelativeBox
from tumorscope.domain.errors import DatasetError
from tumorscope.domain.labels import NO_TUMOR

Task = Literal["presence", "grade"]

PRESENCE_CLASSES = (NO_TUMOR, "tumor")
GRADE_CLASSES = ("hgg", "lgg")
# Of 240 x 240: slices with fewer, but some, are neither "tumor" nor "no_tumor".
_MIN_TUMOR_VOXELS = 50


def read_prepared(cache: Path, task: Task = "presence", every: int = 1) -> list[Example]:
    """The labelled slices of prepared cases.

    Parameters
    ----------
    cache : Path
        Made by ``tumorscope prepare``.
    task : {'presence', 'grade'}
        ``presence``: slices through the brain, ``tumor`` with at least 50 voxels of segmentation, ``no_tumor`` with
        none; those between are left out. ``grade``: slices with at least so many, ``hgg`` or ``lgg`` by case.
    every : int
        Take every n-th slice only: neighbours are 1 mm apart and similar.

    Raises
    ------
    DatasetError
        The folder is not a cache or holds no case, a record is damaged, or, for ``grade``, a case has no grade.
    """
    read_settings(cache)
    arrays = list_cases(cache)
    if not arrays:
        raise DatasetError(f"{cache} holds no prepared case: `tumorscope prepare`.")
    examples = []
    for array in arrays:
        case = read_case(array)
        if task == "grade" and case.grade is None:
            raise DatasetError(
                f"{case.name}: no grade; name_mapping.csv or folders HGG and LGG state it, when the case is prepared."
            )
        for prepared in case.slices:
            label = _label(case, prepared, task)
            if label is not None and prepared.index % every == 0:
                box = None if prepared.box is None else RelativeBox(*prepared.box)
                image, sequence = PreparedReference(array, prepared.index), "+".join(case.channels)
                examples.append(Example(image, label, case.patient_id, case.source, "axial", sequence, box))
    return examples


def task_of(class_names: tuple[str, ...]) -> Task:
    """The task whose labels a model of these classes can be right about."""
    return "grade" if set(class_names) == set(GRADE_CLASSES) else "presence"


def _label(case: PreparedCase, prepared: PreparedSlice, task: Task) -> str | None:
    if prepared.tumor_voxels >= _MIN_TUMOR_VOXELS:
        return case.grade if task == "grade" else "tumor"
    if task == "presence" and prepared.tumor_voxels == 0 and prepared.brain_voxels > 0:
        return NO_TUMOR
    return None
