"""A table of whole heads without a tumour in, Examples of slices at all their heights, in three planes, out."""

from dataclasses import replace
from pathlib import Path

from tumorscope.datasets.example import Example
from tumorscope.datasets.folder import read_rows
from tumorscope.datasets.volumes import WHOLE, slice_labelled_volume

HEADS_TABLE = "heads.csv"
"""The name of a table in its folder."""

_COLUMNS = ("file", "label", "person", "source", "sequence")


def read_heads(table: Path, slices_per_plane: int = 24) -> list[Example]:
    """Slices from the neck to the vertex, and from ear to ear.

    Parameters
    ----------
    table : Path
        Columns ``file`` (a NIfTI volume, relative to the table), ``label`` (of the volume as a whole), ``person``,
        ``source`` and ``sequence``.
    slices_per_plane : int
        Of each volume, at most: air is left out.

    Returns
    -------
    list of Example
        In the table's order.

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
        for row in read_rows(table, _COLUMNS)
        for example in slice_labelled_volume(
            table.parent / row["file"],
            row["label"],
            row["person"],
            row["source"],
            slices_per_plane=slices_per_plane,
            span=WHOLE,
        )
    ]
