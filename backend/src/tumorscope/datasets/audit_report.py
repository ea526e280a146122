"""An Audit in, one self-contained HTML page out."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from tumorscope.datasets.audit import Audit, describe_pair, name_image
from tumorscope.datasets.example import Example, read_example
from tumorscope.datasets.near_duplicates import NearDuplicates
from tumorscope.datasets.shortcuts import ClassTable, Shortcut
from tumorscope.html_page import write_figure, write_page, write_table
from tumorscope.imaging.formats.raster import encode_png
from tumorscope.preprocessing.brain import scale_scores
from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input

_THUMBNAIL = PreprocessingParameters(size=112)
_SHOWN = 48


def write_report(audit: Audit, title: str, root: Path) -> str:
    """Write a page of HTML that needs no other file, and names those of the data set from `root`."""
    split, leakage = audit.split, audit.leakage
    sizes = f"{len(split.training)} images in training, {len(split.validation)} in validation"
    parts = [
        f"<p>{sizes}. At most {_SHOWN} findings of each kind are shown; audit.json has all.</p>",
        f"<p><strong>{escape(leakage.summary)}</strong></p>",
        _write_patients(audit),
        _write_pairs(
            "Images on both sides",
            "Left: training. Right: validation. Both show the same image: copied, mirrored, rotated, re-encoded, "
            "cropped or with another contrast. Figures measured on the right ones show what the model memorised.",
            leakage.near_duplicates,
            root,
        ),
        _write_pairs("The same image with different labels", "One of the two labels is wrong.", audit.conflicts, root),
        _write_shortcuts(audit.shortcuts),
        *map(_write_classes, audit.tables),
        _write_pairs(
            "Repeated on one side",
            "No leakage in this split, but another split may separate the two.",
            audit.repeats,
            root,
        ),
    ]
    return write_page(f"{title}: audit", parts)


def _write_patients(audit: Audit) -> str:
    patients = audit.leakage.patients
    parts = (audit.split.training, audit.split.validation)
    rows = [
        [escape(patient), *(str(sum(example.patient_id == patient for example in part)) for part in parts)]
        for patient in patients[:_SHOWN]
    ]
    table = write_table(["patient", "in training", "in validation"], rows)
    return f"<h2>Patients on both sides: {len(patients)}</h2>{table}" if patients else ""


def _write_pairs(title: str, description: str, pairs: Sequence[NearDuplicates], root: Path) -> str:
    if not pairs:
        return ""
    figures = "".join(_write_pair(pair, root) for pair in pairs[:_SHOWN])
    return f"<h2>{title}: {len(pairs)}</h2><p>{description}</p>{figures}"


def _write_pair(pair: NearDuplicates, root: Path) -> str:
    both = (pair.first, pair.second)
    names = "".join(f"<b>{escape(one.label)}</b> {escape(name_image(one, root))}<br>" for one in both)
    return write_figure(map(_thumbnail, both), names + escape(describe_pair(pair)))


def _thumbnail(example: Example) -> bytes:
    """The head as PNG; of a prepared case, its first sequence."""
    scan = read_example(example)
    grey = scale_scores(scan.pixels[:, :, 0]) if scan.channels else to_model_input(scan, _THUMBNAIL).pixels[:, :, 0]
    return encode_png((grey * 255).round().astype(np.uint8))


def _write_shortcuts(shortcuts: Sequence[Shortcut]) -> str:
    rows = [
        [
            escape(one.attribute),
            escape(one.question),
            str(one.values),
            f"{one.accuracy:.3f}",
            f"{one.base_rate:.3f}",
            f"{one.cramers_v:.2f}",
        ]
        for one in shortcuts
    ]
    return (
        "<h2>Shortcuts</h2><p>The accuracy of predicting the most frequent label from an image's source, plane or "
        "sequence alone. Where it is far above the base rate, a model can score without looking for a tumour: "
        "judge it within one source.</p>"
        + write_table(["attribute", "predicted", "values", "accuracy", "base rate", "Cramér's V"], rows)
    )


def _write_classes(table: ClassTable) -> str:
    rows = [[escape(value), *map(str, counts), str(sum(counts))] for value, counts in table.rows]
    return f"<h2>Images by {escape(table.attribute)}</h2>" + write_table([table.attribute, *table.labels, "all"], rows)
