"""A table of labelled images, or a tree of class folders, in; Examples out."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tumorscope.datasets.example import Example, ImageFileReference, RelativeBox
from tumorscope.datasets.splits import Split
from tumorscope.datasets.volumes import WHOLE, slice_labelled_volume, slice_masked_volume
from tumorscope.domain.errors import DatasetError, TrainingError
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES, NO_TUMOR, TUMOR_OF_UNSTATED_KIND

TABLE = "slices.csv"
"""The name of a table of images in its folder."""
HEADS_TABLE = "heads.csv"
"""The name of a table of whole heads."""

_COLUMNS = ("file", "label", "patient_id", "source")
_HEAD_COLUMNS = ("file", "label", "person", "source", "sequence")
_BOX_COLUMNS = ("box_x_center", "box_y_center", "box_width", "box_height")

# Stated in the description of the collection, for all its images.
_SEQUENCES = {"figshare-1512427": "t1ce"}

_VOLUMES = (".nii", ".nii.gz")
_IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}
_TRAINING_PARTS = {"training", "train"}
_TESTING_PARTS = {"testing", "test", "validation", "val", "valid"}
# The collections' names, without case and punctuation.
_LABELS = {
    "notumor": NO_TUMOR,
    "no": NO_TUMOR,
    "healthy": NO_TUMOR,
    "normal": NO_TUMOR,
    "yes": TUMOR_OF_UNSTATED_KIND,
    "tumor": TUMOR_OF_UNSTATED_KIND,
    **{f"{name}{ending}": name for name in DEFAULT_CLASS_NAMES for ending in ("", "tumor")},
}


def read_slice_table(table: Path) -> list[Example]:
    """Read the images and volumes that a CSV names.

    Parameters
    ----------
    table : Path
        Columns ``file`` (relative to the table), ``label``, ``patient_id``, ``source``, and optionally
        ``box_x_center``, ``box_y_center``, ``box_width``, ``box_height`` as fractions of the image, ``sequence``, and
        ``height`` of an axial slice in its volume (0 lowest, 1 highest). A file may be a
        NIfTI volume: sliced in three planes, evenly, all slices of the one label; or, where a column ``mask`` names
        another NIfTI file, all slices through that.

    Raises
    ------
    TrainingError
        The table is absent or lacks a column, or a file that it names is absent.
    DatasetError
        A mask is absent, or not of its volume's shape.
    CorruptFile
        A volume cannot be decoded.
    """
    if not table.is_file():
        raise TrainingError(f"{table} is absent; say where the data is with --data or TUMORSCOPE_DATA.")
    rows = _read_rows(table, _COLUMNS)
    absent = next((row["file"] for row in rows if not (table.parent / row["file"]).is_file()), None)
    if absent is not None:
        raise TrainingError(f"{table} names {absent}, which is absent.")
    return [example for row in rows for example in _read_row(row, table.parent)]


def read_heads(table: Path, slices_per_plane: int = 24) -> list[Example]:
    """Read slices of whole heads without a tumour, in three planes, from the neck to the vertex and from ear to ear.

    Parameters
    ----------
    table : Path
        Columns ``file`` (a NIfTI volume, relative to the table), ``label`` (of the volume as a whole), ``person``,
        ``source`` and ``sequence``.
    slices_per_plane : int
        Of each volume, at most: air is left out.

    Raises
    ------
    TrainingError
        The table lacks a column.
    DatasetError
        A volume is absent.
    CorruptFile
        A volume cannot be decoded.
    """
    return [
        replace(example, sequence=row["sequence"])
        for row in _read_rows(table, _HEAD_COLUMNS)
        for example in slice_labelled_volume(
            table.parent / row["file"], row["label"], row["person"], row["source"], slices_per_plane, WHOLE
        )
    ]


def is_class_tree(folder: Path) -> bool:
    """Whether a folder holds class folders with images, possibly below Training and Testing."""
    return any(_class_folders(folder))


def read_class_tree(folder: Path) -> list[Example]:
    """Read the images of class folders, the layout of the collections on Kaggle.

    Such a tree does not name patients: each image counts as a patient of its own, which `datasets.audit` checks. A CSV
    beside the class folders may name them.

    Parameters
    ----------
    folder : Path
        Holds ``CLASS/IMAGE``, or ``Training/CLASS/IMAGE`` and ``Testing/CLASS/IMAGE`` (of any case; also train,
        test, val). ``notumor``, ``no`` and the like become ``no_tumor``, ``yes`` a tumour of unstated kind,
        ``glioma_tumor`` and the like the kind; other names stay. A CSV in it with the columns ``file`` (relative to the
        folder) and ``patient_id`` gives patients.

    Returns
    -------
    list of Example
        By path; the source is the tree's own name, the patient the image's path within it unless a CSV gives it.

    Raises
    ------
    DatasetError
        There are no class folders with images.
    """
    patients = _read_patients(folder)
    examples = [example for part in sorted(_class_folders(folder)) for example in _read_class(part, folder, patients)]
    if not examples:
        raise DatasetError(f"{folder} holds no class folders with images.")
    return examples


def official_split(path: Path) -> Split | None:
    """Find the published split of a data set, with images below Training and Testing.

    Parameters
    ----------
    path : Path
        As `read_class_tree` reads it, or a table, or a folder that holds one as ``slices.csv``.

    Returns
    -------
    Split or None
        The training set, and the test set as validation; None without both, or with images outside of them.
    """
    root = path if path.is_dir() else path.parent
    table = root / TABLE if path.is_dir() else path
    if table.is_file():
        examples = read_slice_table(table)
    elif is_class_tree(path):
        examples = read_class_tree(path)
    else:
        return None
    parts = [example.image.path.relative_to(root).parts[0].lower() for example in examples]
    if set(parts) - _TRAINING_PARTS - _TESTING_PARTS:
        return None
    training = tuple(example for example, part in zip(examples, parts, strict=True) if part in _TRAINING_PARTS)
    testing = tuple(example for example, part in zip(examples, parts, strict=True) if part in _TESTING_PARTS)
    return Split(training, testing) if training and testing else None


def _read_patients(folder: Path) -> dict[str, str]:
    """Patients by image, from tables beside the class folders with both columns."""
    patients: dict[str, str] = {}
    for table in sorted(folder.glob("*.csv")):
        with table.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if {"file", "patient_id"} <= set(reader.fieldnames or ()):
                patients.update((row["file"], row["patient_id"]) for row in reader)
    return patients


def _class_folders(folder: Path) -> list[Path]:
    """Folders with images: directly below, or below a training or test folder."""
    if not folder.is_dir():
        return []
    parts = [child for child in folder.iterdir() if child.is_dir()]
    halves = [part for part in parts if part.name.lower() in _TRAINING_PARTS | _TESTING_PARTS]
    candidates = [child for half in halves for child in half.iterdir()] if halves else parts
    return [child for child in candidates if child.is_dir() and any(_list_images(child))]


def _list_images(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in _IMAGES)


def _read_class(folder: Path, root: Path, patients: Mapping[str, str]) -> list[Example]:
    plain = re.sub(r"[^a-z]", "", folder.name.lower())
    label = _LABELS.get(plain, folder.name)
    names = [path.relative_to(root).as_posix() for path in _list_images(folder)]
    return [Example(ImageFileReference(root / name), label, patients.get(name, name), root.name) for name in names]


def _read_row(row: dict[str, str], folder: Path) -> list[Example]:
    """The example of an image, or those of a volume's slices."""
    path, label, patient_id, source = folder / row["file"], row["label"], row["patient_id"], row["source"]
    if path.name.lower().endswith(_VOLUMES):
        if row.get("mask"):
            return slice_masked_volume(path, folder / row["mask"], label, patient_id, source)
        return slice_labelled_volume(path, label, patient_id, source)
    sequence, box = row.get("sequence") or _SEQUENCES.get(source), _read_box(row)
    example = Example(ImageFileReference(path), label, patient_id, source, sequence=sequence, box=box)
    height = row.get("height")
    return [replace(example, plane="axial", position=float(height)) if height else example]


def _read_box(row: dict[str, str]) -> RelativeBox | None:
    values = [row.get(column) or "" for column in _BOX_COLUMNS]
    return RelativeBox(*map(float, values)) if all(values) else None


def _read_rows(table: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a CSV; an error where a column is missing, or every row."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    missing = [column for column in columns if not rows or column not in rows[0]]
    if missing:
        raise TrainingError(f"{table} lacks the column {missing[0]!r}.")
    return rows
