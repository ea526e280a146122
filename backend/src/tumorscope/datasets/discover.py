"""The path of a data set of any kind in, its Examples out; or those whose licence allows any use."""

from collections.abc import Sequence
from pathlib import Path

from tumorscope.datasets.brats import PRESENCE_CLASSES, read_prepared, task_of
from tumorscope.datasets.brats_cache import SETTINGS_FILE
from tumorscope.datasets.example import Example
from tumorscope.datasets.folder import HEADS_TABLE, TABLE, is_class_tree, read_class_tree, read_heads, read_slice_table
from tumorscope.datasets.volumes import find_healthy_slices, find_masked_slices
from tumorscope.domain.errors import DatasetError

_LGG_TABLE = "lgg.csv"

OPEN_LICENCES = frozenset({"CC BY 3.0", "CC BY 4.0", "CC BY", "CC0", "PDDL"})
"""They forbid no use and come with no terms beyond naming the source."""

_LICENCES = {
    "figshare-1512427": "CC BY 4.0",
    "tcia_brain_tumor_progression": "CC BY 3.0",
    "TCGA-LGG": "CC BY-NC-SA 4.0",
    "ds000011": "PDDL",
    "mass": "GPL-2",
    "ljubljana_ms": "CC BY",
    "ds002748_stripped": "CC0",
}


def discover_examples(path: Path, class_names: tuple[str, ...] = PRESENCE_CLASSES) -> list[Example]:
    """Recognise a data set and list its examples, in an order that depends on the data only.

    Parameters
    ----------
    path : Path
        One of: a CSV of images; a folder with ``slices.csv``, and optionally ``volumes/healthy``,
        ``volumes/tcia_brain_tumor_progression``, ``lgg.csv`` and ``heads.csv``; a tree of class folders, with or
        without Training and Testing; a cache of BraTS cases from ``tumorscope prepare``.
    class_names : tuple of str
        Of the model: slices of a cache are labelled by grade for a model of grades, else by the presence of tumour.

    Raises
    ------
    DatasetError
        The path is none of these.
    TrainingError
        A table names missing images.
    """
    if path.is_file() and path.suffix.lower() == ".csv":
        return read_slice_table(path)
    if (path / TABLE).is_file():
        volumes = path / "volumes"
        return [
            *read_slice_table(path / TABLE),
            *find_healthy_slices(volumes / "healthy"),
            *find_masked_slices(volumes / "tcia_brain_tumor_progression", label="glioma"),
            *(read_slice_table(path / _LGG_TABLE) if (path / _LGG_TABLE).is_file() else ()),
            *(read_heads(path / HEADS_TABLE) if (path / HEADS_TABLE).is_file() else ()),
        ]
    if (path / SETTINGS_FILE).is_file():
        return read_prepared(path, task_of(class_names))
    if is_class_tree(path):
        return read_class_tree(path)
    raise DatasetError(
        f"{path} is not a data set (a CSV, a folder with {TABLE}, a folder of class folders, or a prepared BraTS "
        "cache). State its path with --data or TUMORSCOPE_DATA."
    )


def keep_open(examples: Sequence[Example]) -> list[Example]:
    """Leave out sources that forbid commercial use, come with terms, or state no licence that is known here."""
    return [example for example in examples if _LICENCES.get(example.source) in OPEN_LICENCES]
