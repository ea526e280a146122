"""Answers in, a table, JSON, CSV or NDJSON on standard output out."""

import csv
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from tumorscope import NOTICE

Rows = Iterable[Mapping[str, Any]]
_MOST_LISTED = 20


def _write_table(rows: Rows, class_names: list[str], model: Mapping[str, Any]) -> None:
    caption = f"{model['name']} {model['version']}. {NOTICE}"
    # On a narrow terminal the names wrap, and the figures stay whole.
    columns = [Column(name, no_wrap=True) for name in ("decision", *class_names, "slice")]
    table = Table(
        Column("study", overflow="fold"), *columns, caption=caption, box=box.SIMPLE_HEAD, show_edge=False, padding=0
    )
    for row in rows:
        name = Text(_name_study(row))
        if "error" in row:
            table.add_row(name, Text(row["error"]["code"], "bold"))
            continue
        shares = [f"{row['probabilities'][each]:.3f}" if row["probabilities"] else "" for each in class_names]
        scan = row["input"]
        place = f"{scan['view']['slice_index'] + 1}/{scan['slice_count']}" if scan["slice_count"] > 1 else ""
        table.add_row(name, ": ".join(filter(None, (row["decision"], row["label"]))), *shares, place)
    Console().print(table)


def _write_json(rows: Rows, _class_names: list[str], model: Mapping[str, Any]) -> None:
    document = {"predictions": list(rows), "model": dict(model), "notice": NOTICE}
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _write_ndjson(rows: Rows, _class_names: list[str], model: Mapping[str, Any]) -> None:
    for row in ({"model": dict(model), "notice": NOTICE}, *rows):
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


def _write_csv(rows: Rows, class_names: list[str], model: Mapping[str, Any]) -> None:
    fields = ["study", "files", "decision", "label", "tumor_probability", *class_names, "prediction_set", "reasons"]
    fields += ["format", "plane", "slice_count", "slice_index", "warnings", "error", "detail", "model", "notice"]
    writer = csv.DictWriter(sys.stdout, fields, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        error, scan = row.get("error", {}), row.get("input", {})
        flat = {
            **row,
            **scan,
            **(row.get("probabilities") or {}),
            "study": _name_study(row),
            "files": len(row["files"]),
            "prediction_set": " ".join(row.get("prediction_set") or ()),
            "reasons": " ".join(reason["code"] for reason in row.get("reasons", ())),
            "slice_index": scan.get("view", {}).get("slice_index"),
            "warnings": " ".join(warning["code"] for warning in scan.get("warnings", ())),
            "error": error.get("code"),
            "detail": error.get("detail"),
            "model": f"{model['name']} {model['version']}",
            "notice": NOTICE,
        }
        writer.writerow({name: _disarm(value) for name, value in flat.items()})


def _disarm(cell: object) -> object:
    """Mark a text that a spreadsheet would run as a formula as a text; a file's name may be one."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


WRITERS: Mapping[str, Callable[[Rows, list[str], Mapping[str, Any]], None]] = {
    "table": _write_table,
    "json": _write_json,
    "csv": _write_csv,
    "ndjson": _write_ndjson,
}
"""By format: writes answers, with the names of the classes and of the model."""


def describe_failures(rows: Rows) -> list[str]:
    """What to say of the studies that could not be read, line by line; empty when all were read."""
    codes: Counter[str] = Counter()
    lines: list[str] = []
    for row in rows:
        if "error" in row:
            codes[row["error"]["code"]] += 1
            if len(lines) < _MOST_LISTED:
                lines.append(f"{_name_study(row)}: {row['error']['code']}: {row['error']['detail']}")
    if codes.total() > _MOST_LISTED:
        counts = ", ".join(f"{count} {code}" for code, count in codes.most_common())
        lines.append(f"and {codes.total() - _MOST_LISTED} more; in all {counts}")
    return lines


def _name_study(row: Mapping[str, Any]) -> str:
    """The file, or of several their folder and the first."""
    files = row["files"]
    if len(files) == 1:
        return str(files[0])
    return f"{os.path.dirname(files[0]) or '.'} ({len(files)} files from {os.path.basename(files[0])})"  # noqa: PTH119, PTH120  (a Path for each of a million rows)
