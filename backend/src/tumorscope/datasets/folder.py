"""A table of labelled pictures in, Examples out."""

import csv
from pathlib import Path

from tumorscope.datasets.example import Example, PictureReference, RelativeBox
from tumorscope.domain.errors import TrainingError

_COLUMNS = ("file", "label", "patient_id", "source")
_BOX_COLUMNS = ("box_x_center", "box_y_center", "box_width", "box_height")

# What the collection's own description says of every picture in it.
_SEQUENCES = {"figshare-1512427": "t1ce"}


def read_slice_table(table: Path) -> list[Example]:
    """The pictures that a CSV names.

    Parameters
    ----------
    table : Path
        Columns ``file`` (relative to the table), ``label``, ``patient_id``, ``source``, and optionally
        ``box_x_center``, ``box_y_center``, ``box_width``, ``box_height`` as fractions of the picture.

    Returns
    -------
    list of Example
        In the table's order.

    Raises
    ------
    TrainingError
        The table is absent or lacks a column, or a picture that it names is absent.
    """
    if not table.is_file():
        raise TrainingError(f"{table} is absent; say where the data is with --data or TUMORSCOPE_DATA.")
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    missing = [column for column in _COLUMNS if not rows or column not in rows[0]]
    if missing:
        raise TrainingError(f"{table} lacks the column {missing[0]!r}.")
    examples = [
        Example(
            PictureReference(table.parent / row["file"]),
            row["label"],
            row["patient_id"],
            row["source"],
            sequence=_SEQUENCES.get(row["source"]),
            box=_read_box(row),
        )
        for row in rows
    ]
    absent = next((row["file"] for row in rows if not (table.parent / row["file"]).is_file()), None)
    if absent is not None:
        raise TrainingError(f"{table} names {absent}, which is absent.")
    return examples


def _read_box(row: dict[str, str]) -> RelativeBox | None:
    values = [row.get(column) or "" for column in _BOX_COLUMNS]
    if not all(values):
        return None
    return RelativeBox(*(float(value) for value in values))
