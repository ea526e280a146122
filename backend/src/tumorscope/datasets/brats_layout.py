"""A BraTS folder as published in, its cases with their files and grades out.

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
from tumorscope.imaging.series.brats_case import SEGMENTATION, SEQUENCES, name_content

Grade = Literal["hgg", "lgg"]

_NAME_COLUMNS = tuple(f"BraTS_{year}_subject_ID" for year in range(2017, 2021))
_GRADES: dict[str, Grade] = {"hgg": "hgg", "lgg": "lgg"}
_SOURCES = (
    (re.compile(r"BraTS(1[789]|20)_", re.IGNORECASE), "brats20{}"),
    (re.compile(r"BraTS(20\d\d)_", re.IGNORECASE), "brats{}"),
    (re.compile(r"BraTS-([A-Z]+)-", re.IGNORECASE), "brats-{}"),
)
# The last number of these names counts the scans of one person.
_EXAMINATION = re.compile(r"(BraTS1[789]_.+?|BraTS-[A-Z]+-\d+)[_-]\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Case:
    """The scan of one person at one time.

    Parameters
    ----------
    name : str
        The beginning of its file names.
    folder : Path
        Of its files.
    modalities : mapping of str to Path
        Files by ``flair``, ``t1``, ``t1ce``, ``t2``; some may be missing.
    segmentation : Path, optional
        None if it was not published or is missing.
    grade : {'hgg', 'lgg'}, optional
        None if neither a table nor a folder states it.
    is_labelled : bool
        Whether it belongs to a training set, whose cases have segmentations.
    expects_grade : bool
        Whether the folder states grades for its labelled cases.
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
        """The same for all scans of one person, as far as the names show."""
        match = _EXAMINATION.fullmatch(self.name)
        return self.name if match is None else match[1]


def find_cases(folder: Path) -> list[Case]:
    """Find the cases below a folder.

    Parameters
    ----------
    folder : Path
        With training, validation or test sets of one or several years, and optionally ``name_mapping.csv``.

    Raises
    ------
    DatasetError
        There is none, or two share a name.
    """
    found: dict[tuple[Path, str], dict[str, Path]] = defaultdict(dict)
    # Sorted: of a pair .nii and .nii.gz the compressed file is read.
    for path in sorted(folder.rglob("*.nii*")):
        named = name_content(path.name)
        if named is not None and path.is_file():
            case, content = named
            found[path.parent, case][content] = path
    _assign_misnamed_segmentations(found)
    grades = _read_grades(folder)
    cases: dict[str, Case] = {}
    for (parent, name), files in sorted(found.items(), key=lambda item: item[0][1]):
        if name in cases:
            raise DatasetError(f"{name} exists twice: in {cases[name].folder} and in {parent}.")
        cases[name] = _make_case(name, parent, files, grades.get(name) or _grade_of_folder(parent, folder))
    if not cases:
        raise DatasetError(f"{folder} holds no files with BraTS names such as *_flair.nii.gz.")
    states_grades = any(case.grade is not None for case in cases.values())
    return [replace(case, expects_grade=states_grades and case.is_labelled) for case in cases.values()]


def _assign_misnamed_segmentations(found: dict[tuple[Path, str], dict[str, Path]]) -> None:
    """``W39_1998.09.19_Segm.nii`` is the segmentation of case 355 of 2020, the only case in its folder."""
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
    """Until 2019 the folders ``HGG`` and ``LGG`` state the grade."""
    names = {name.lower() for name in (root.name, *parent.relative_to(root).parts)}
    return next((grade for name, grade in _GRADES.items() if name in names), None)


def _read_grades(folder: Path) -> dict[str, Grade]:
    """Grades by case name, for every year with a column in ``name_mapping.csv``."""
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
