"""An Audit in, one self-contained HTML page out."""

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from tumorscope.datasets.audit import Audit, describe_pair, name_image
from tumorscope.datasets.example import Example, read_example
from tumorscope.datasets.near_duplicates import NearDuplicates
from tumorscope.datasets.shortcuts import ClassTable, Shortcut
from tumorscope.imaging.formats.raster import encode_png
from tumorscope.preprocessing.brain import scale_scores
from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input

_THUMBNAIL = PreprocessingParameters(size=112)
# audit.json lists all of them.
_SHOWN_PAIRS = {"leakage": 48, "conflicts": 24, "repeats": 24}
_SHOWN_PATIENTS = 60

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #5c6670; --paper: #fff; --line: #d9dee3; --card: #f6f8fa;
  --bar: #7aa7d9; --bad: #b3261e; --good: #1d7a3e }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --faint: #9aa3ad; --paper: #14181d; --line: #2c333b; --card: #1b2027;
    --bar: #3d6ea5; --bad: #ff8a80; --good: #7bd88f }
}
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif }
h1 { margin: 0 0 .2rem; font-size: 1.6rem } h2 { margin: 2.2rem 0 .4rem; font-size: 1.2rem }
p { margin: .3rem 0; max-width: 48rem } .faint { color: var(--faint) }
.verdict { border: 1px solid var(--line); border-left: .3rem solid var(--good); background: var(--card);
  padding: .6rem .9rem; border-radius: .4rem; max-width: none; font-weight: 600 }
.verdict.bad { border-left-color: var(--bad) }
.scroll { overflow-x: auto }
table { border-collapse: collapse; margin-top: .5rem; font-size: .92rem; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .35rem 1.6rem .35rem 0; border-bottom: 1px solid var(--line) }
th { color: var(--faint); font-weight: 600 } .number { text-align: right }
td.zero { color: var(--faint) }
.bar { display: inline-block; vertical-align: middle; height: .6rem; background: var(--bar); border-radius: .15rem;
  margin-right: .6rem }
.pairs { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); margin-top: .7rem }
.pair { margin: 0; border: 1px solid var(--line); border-radius: .4rem; padding: .6rem; background: var(--card);
  font-size: .8rem; line-height: 1.4; overflow-wrap: anywhere }
.pair div { display: grid; grid-template-columns: 1fr 1fr; gap: .5rem }
.pair img { width: 100%; display: block; border-radius: .25rem; background: #000 }
.pair figcaption { margin-top: .35rem } .pair b { font-weight: 600 }
"""


def write_report(audit: Audit, title: str, root: Path) -> str:
    """Write a page that needs no other file.

    Parameters
    ----------
    audit : Audit
        Of a data set.
    title : str
        The data set's name.
    root : Path
        Its folder, from which files are named.

    Returns
    -------
    str
        HTML.
    """
    leakage = audit.leakage
    parts = [
        f"<h1>{escape(title)}: audit</h1>",
        _write_sizes(audit),
        f'<p class="verdict{" bad" if leakage.found else ""}">{escape(leakage.summary)}</p>',
        *_write_patients(audit),
        *_write_pairs(
            "Images on both sides",
            "Left: training. Right: validation. Both show the same image: copied, mirrored, rotated, re-encoded, "
            "cropped or with another contrast. Figures measured on the right ones show what the model memorised.",
            leakage.near_duplicates,
            _SHOWN_PAIRS["leakage"],
            root,
        ),
        *_write_pairs(
            "The same image with different labels",
            "One of the two labels is wrong.",
            audit.conflicts,
            _SHOWN_PAIRS["conflicts"],
            root,
        ),
        *_write_shortcuts(audit.shortcuts),
        *(part for table in audit.tables for part in _write_table(table)),
        *_write_pairs(
            "Repeated on one side",
            "No leakage in this split, but another split may separate the two.",
            audit.repeats,
            _SHOWN_PAIRS["repeats"],
            root,
        ),
    ]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}: audit</title>'
        f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _write_sizes(audit: Audit) -> str:
    split = audit.split
    labels = ", ".join(f"{sum(counts)} {label}" for label, counts in _count_labels(audit.tables[0]))
    return (
        f"<p class=faint>{len(split.training)} images in training, {len(split.validation)} in validation, split "
        f"{split.sha256[:16]}; {escape(labels)}.</p>"
    )


def _count_labels(table: ClassTable) -> list[tuple[str, list[int]]]:
    return [(label, [counts[column] for _, counts in table.rows]) for column, label in enumerate(table.labels)]


def _write_patients(audit: Audit) -> list[str]:
    patients = audit.leakage.patients
    if not patients:
        return []
    rows = []
    for patient in patients[:_SHOWN_PATIENTS]:
        training = sum(example.patient_id == patient for example in audit.split.training)
        validation = sum(example.patient_id == patient for example in audit.split.validation)
        rows.append([escape(patient), str(training), str(validation)])
    return [
        "<h2>Patients on both sides</h2>",
        _table(["patient", "in training", "in validation"], rows, numbers_from=1),
        _more(len(patients) - len(rows)),
    ]


def _write_pairs(title: str, description: str, pairs: Sequence[NearDuplicates], shown: int, root: Path) -> list[str]:
    if not pairs:
        return []
    figures = [_write_pair(pair, root) for pair in pairs[:shown]]
    return [
        f"<h2>{title}: {len(pairs)} {'pair' if len(pairs) == 1 else 'pairs'}</h2>",
        f"<p class=faint>{description}</p>",
        f'<div class="pairs">{"".join(figures)}</div>',
        _more(len(pairs) - len(figures)),
    ]


def _write_pair(pair: NearDuplicates, root: Path) -> str:
    images = "".join(f'<img alt="" src="{_thumbnail(example)}">' for example in (pair.first, pair.second))
    names = "<br>".join(
        f"<b>{escape(example.label)}</b> {escape(name_image(example, root))}" for example in (pair.first, pair.second)
    )
    return (
        f'<figure class="pair"><div>{images}</div><figcaption>{names}<br>'
        f"<span class=faint>{escape(describe_pair(pair))}</span></figcaption></figure>"
    )


def _thumbnail(example: Example) -> str:
    """The head, as a data URI; of a prepared case, its first sequence."""
    scan = read_example(example)
    grey = scale_scores(scan.pixels[:, :, 0]) if scan.channels else to_model_input(scan, _THUMBNAIL).pixels[:, :, 0]
    png = encode_png((grey * 255).round().astype(np.uint8))
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _write_shortcuts(shortcuts: Sequence[Shortcut]) -> list[str]:
    rows = [
        [
            escape(one.attribute),
            escape(one.question),
            str(one.values),
            _bar(one.accuracy),
            f"{one.base_rate:.3f}",
            f"{one.cramers_v:.2f}",
        ]
        for one in shortcuts
    ]
    heads = ["attribute", "predicted", "values", "accuracy", "base rate", "Cramér's V"]
    return [
        "<h2>Shortcuts</h2>",
        (
            "<p class=faint>The accuracy of predicting the most frequent label from an image's source, plane or "
            "sequence alone. Where it is far above the base rate, a model can score without looking for a tumour: "
            "judge it within one source.</p>"
        ),
        _table(heads, rows, numbers_from=2, text_at=(3,)),
    ]


def _write_table(table: ClassTable) -> list[str]:
    rows = [[escape(value), *map(str, counts), str(sum(counts))] for value, counts in table.rows]
    return [
        f"<h2>Images by {escape(table.attribute)}</h2>",
        _table([table.attribute, *table.labels, "all"], rows, numbers_from=1),
    ]


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int, text_at: tuple[int, ...] = ()
) -> str:
    def style(column: int, cell: str) -> str:
        number = column >= numbers_from and column not in text_at
        names = " ".join(name for name, holds in (("number", number), ("zero", cell == "0")) if holds)
        return f' class="{names}"' if names else ""

    head = "".join(f"<th{style(column, '')}>{escape(cell)}</th>" for column, cell in enumerate(heads))
    body = "".join(
        "<tr>" + "".join(f"<td{style(column, cell)}>{cell}</td>" for column, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _bar(share: float) -> str:
    return f'<span class="bar" style="width: {share * 6:.2f}rem"></span>{share:.3f}'


def _more(count: int) -> str:
    return f"<p class=faint>and {count} more, in audit.json.</p>" if count > 0 else ""
