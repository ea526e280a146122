"""A folder as BraTS publishes it in; its cases, their files and grades out.

Names of 2017 to 2020 (``Brats18_TCIA02_368_1_t1ce.nii.gz``, also in folders ``HGG`` and ``LGG``;
``BraTS20_Training_001_flair.nii``), 2021 (``BraTS2021_00000_flair.nii.gz``) and since 2023
(``BraTS-GLI-00001-000-t2f.nii.gz``).
"""

import csv
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tumorscope.domain.errors import DatasetError
from tumorscope.imaging.brats_case import SEGMENTATION, SEQUENCES, name_content

Grade = Literal["hgg", "lgg"]

_NAME_COLUMNS = tuple(f"BraTS_{year}_subject_ID" for year in range(2017, 2021))
_GRADES: dict[str, Grade] = {"hgg": "hgg", "lgg": "lgg"}
_SOURCES = (
    (re.compile(r"BraTS(1[789]|20)_", re.IGNORECASE), "brats20{}"),
    (re.compile(r"BraTS(20\d\d)_", re.IGNORECASE), "brats{}"),
    (re.compile(r"BraTS-([A-Z]+)-", re.IGNORECASE), "brats-{}"),
)
# The last number of these names counts the examinations of one person.
_EXAMINATION = re.compile(r"(BraTS1[789]_.+?|BraTS-[A-Z]+-\d+)[_-]\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Case:
    """One examination.

    Parameters
    ----------
    name : str
        As its files begin.
    folder : Path
        That holds them.
    modalities : mapping of str to Path
        Files by ``flair``, ``t1``, ``t1ce``, ``t2``; some may be absent.
    segmentation : Path, optional
        None for cases published without, and where it is absent.
    grade : {'hgg', 'lgg'}, optional
        None where neither a table nor a folder says.
    is_labelled : bool
        Whether it is of a training part, whose cases have segmentations.
    expects_grade : bool
        Whether the folder states the grades of its labelled cases.
    """

    name: str
    folder: Path
    modalities: Mapping[str, Path]
    segmentation: Path | None
    grade: Grade | None
    is_labelled: bool
    expects_grade: bool

    @property
    def source(self) -> str:
        """The collection: ``brats2020``, ``brats-gli``, …; ``brats`` for other names."""
        for pattern, name in _SOURCES:
            match = pattern.match(self.name)
            if match is not None:
                return name.format(match[1].lower())
        return "brats"

    @property
    def patient_id(self) -> str:
        """The same for all examinations of one person, as far as names tell."""
        match = _EXAMINATION.fullmatch(self.name)
        return self.name if match is None else match[1]


def find_cases(folder: Path) -> list[Case]:
    """The cases below a folder.

    Parameters
    ----------
    folder : Path
        Of one year's training, validation or test part, or of several; with ``name_mapping.csv`` somewhere, if at all.

    Returns
    -------
    list of Case
        By name.

    Raises
    ------
    DatasetError
        There is none, or two have the same name.
    """
    found: dict[tuple[Path, str], dict[str, Path]] = defaultdict(dict)
    # Sorted, .nii before .nii.gz: of a file that is there twice, the compressed one is read.
    for path in sorted(folder.rglob("*.nii*")):
        named = name_content(path.name)
        if named is not None and path.is_file():
            case, content = named
            found[path.parent, case][content] = path
    _give_back_misnamed_segmentations(found)
    grades = _read_grades(folder)
    cases: dict[str, Case] = {}
    for (parent, name), files in sorted(found.items(), key=lambda item: item[0][1]):
        if name in cases:
            raise DatasetError(f"{name} is there twice: in {cases[name].folder} and in {parent}.")
        cases[name] = _make_case(name, parent, files, grades.get(name) or _grade_of_folder(parent, folder))
    if not cases:
        raise DatasetError(f"{folder} holds no case with files named as BraTS names them, such as *_flair.nii.gz.")
    states_grades = any(case.grade is not None for case in cases.values())
    return [replace(case, expects_grade=states_grades and case.is_labelled) for case in cases.values()]


def _give_back_misnamed_segmentations(found: dict[tuple[Path, str], dict[str, Path]]) -> None:
    """In 2020, case 355's segmentation is named ``W39_1998.09.19_Segm.nii``: it is the folder's one case's."""
    for parent, name in [key for key, files in found.items() if set(files) == {SEGMENTATION}]:
        others = [key for key in found if key[0] == parent and key[1] != name]
        if len(others) == 1:
            found[others[0]].setdefault(SEGMENTATION, found.pop((parent, name))[SEGMENTATION])


def _make_case(name: str, parent: Path, files: dict[str, Path], grade: Grade | None) -> Case:
    modalities = {modality: files[modality] for modality in SEQUENCES if modality in files}
    segmentation = files.get(SEGMENTATION)
    is_labelled = segmentation is not None or grade is not None or "_training_" in name.lower()
    return Case(name, parent, modalities, segmentation, grade, is_labelled, expects_grade=False)


def _grade_of_folder(parent: Path, root: Path) -> Grade | None:
    """Until 2019, cases lie in folders ``HGG`` and ``LGG``."""
    names = {name.lower() for name in (root.name, *parent.relative_to(root).parts)}
    return next((grade for name, grade in _GRADES.items() if name in names), None)


def _read_grades(folder: Path) -> dict[str, Grade]:
    """Grades by the case names of all years that ``name_mapping.csv`` has columns for."""
    grades: dict[str, Grade] = {}
    for table in sorted(folder.rglob("name_mapping.csv")):
        with table.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                grade = _GRADES.get((row.get("Grade") or "").strip().lower())
                if grade is not None:
                    grades.update(
                        {name: grade for column, name in row.items() if column in _NAME_COLUMNS and name != "NA"}
                    )
    return grades
