"""An Audit in, the content of audit.json out, and the words for pictures and pairs that its page uses too."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from tumorscope.datasets.audit import Audit, TwinExamples
from tumorscope.datasets.example import Example, ImageFileReference, PreparedReference, VolumeReference

_TURNS = ("", "turned by 90°", "turned by 180°", "turned by 270°")
_MIRRORS = ("mirrored", "mirrored and turned by 90°", "mirrored top to bottom", "mirrored and turned by 270°")


def to_json(audit: Audit, root: Path) -> dict[str, Any]:
    """The content of audit.json.

    Parameters
    ----------
    audit : Audit
        Of a data set.
    root : Path
        Its folder, from which files are named.

    Returns
    -------
    dict
        Plain values.
    """
    split, leakage = audit.split, audit.leakage
    return {
        "training": len(split.training),
        "validation": len(split.validation),
        "split_sha256": split.sha256,
        "leakage": {
            "found": leakage.found,
            "summary": leakage.summary,
            "patients": list(leakage.patients),
            "pairs": [_pair_to_json(pair, root) for pair in leakage.twins],
            "validation_files": sorted(name_image(example, root) for example in leakage.validation_examples),
        },
        "label_conflicts": [_pair_to_json(pair, root) for pair in audit.conflicts],
        "repeats_on_one_side": [_pair_to_json(pair, root) for pair in audit.repeats],
        "shortcuts": [asdict(shortcut) for shortcut in audit.shortcuts],
        "tables": {
            table.attribute: {value: dict(zip(table.labels, counts, strict=True)) for value, counts in table.rows}
            for table in audit.tables
        },
    }


def name_image(example: Example, root: Path) -> str:
    """The example's file within a folder, and which slice of it."""
    image = example.image
    name = image.path.relative_to(root).as_posix() if image.path.is_relative_to(root) else image.path.name
    match image:
        case ImageFileReference():
            return name
        case VolumeReference(_, plane, index):
            return f"{name}, {plane} {index}"
        case PreparedReference(_, index):
            return f"{name}, axial {index}"


def describe_pair(pair: TwinExamples) -> str:
    """How the second picture was made of the first."""
    if pair.is_exact:
        return "the same pixels"
    turned = _MIRRORS[pair.orientation - 4] if pair.orientation >= 4 else _TURNS[pair.orientation]
    return f"{turned}, alike to {pair.likeness:.3f}".removeprefix(", ")


def _pair_to_json(pair: TwinExamples, root: Path) -> dict[str, Any]:
    return {
        "files": [name_image(pair.first, root), name_image(pair.second, root)],
        "labels": [pair.first.label, pair.second.label],
        "patients": [pair.first.patient_id, pair.second.patient_id],
        "likeness": pair.likeness,
        "exact": pair.is_exact,
        "how": describe_pair(pair),
    }
