"""The content of metrics.json and its plots in, one self-contained HTML page out."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tumorscope.evaluation.definitions import DEFINITIONS
from tumorscope.evaluation.plots import to_words
from tumorscope.evaluation.tables import (
    breakdown_table,
    class_table,
    comparison_table,
    data_sentence,
    figure_table,
    leakage_table,
)

_PLOT_TITLES = {
    "roc": "ROC curves of each class against the rest",
    "precision_recall": "Precision against recall of each class",
    "confusion_matrix": "Confusion matrix",
    "calibration": "Calibration of the most probable class",
    "sources": "Accuracy, sensitivity and specificity by source",
}

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #5c6670; --paper: #fff; --line: #d9dee3; --card: #f6f8fa }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --faint: #9aa3ad; --paper: #14181d; --line: #2c333b; --card: #1b2027 }
}
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif }
h1 { margin: 0 0 .2rem; font-size: 1.6rem } h2 { margin: 2.2rem 0 .6rem; font-size: 1.2rem }
p { margin: .3rem 0 } .faint { color: var(--faint) }
.notice { border: 1px solid var(--line); background: var(--card); padding: .6rem .9rem; border-radius: .4rem }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
th { color: var(--faint); font-weight: 600 }
.plots { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(28rem, 100%), 1fr)) }
.plots .wide { grid-column: 1 / -1 }
figure { margin: 0 } img { max-width: 100%; height: auto; display: block; border-radius: .3rem }
.mistakes { display: flex; flex-wrap: wrap; gap: .8rem } .mistakes figure { width: 8.5rem; font-size: .8rem }
.mistakes img { width: 100%; background: #000 }
"""


def write_report(
    metrics: Mapping[str, Any],
    plots: Mapping[str, Mapping[str, bytes]],
    mistakes: Sequence[tuple[bytes, str]],
) -> str:
    """One page that needs no other file.

    Parameters
    ----------
    metrics : mapping
        From `measure.measure`.
    plots : mapping of {'light', 'dark'} to mapping of str to bytes
        From `plots.draw_plots`, PNG.
    mistakes : sequence of (bytes, str)
        Slices, as PNG, that the model was most sure and wrong of, with what to say below each.

    Returns
    -------
    str
        HTML.
    """
    model, data = metrics["model"], metrics["data"]
    title = f"{model['name']} {model['version']}: evaluation"
    parts = [
        f"<h1>{escape(title)}</h1>",
        (
            f"<p class=faint>{escape(data_sentence(metrics))} Engine {escape(metrics['engine'])}, measured "
            f"{escape(metrics['measured'])}, model {escape(model['sha256'][:16])}.</p>"
        ),
        f"<p class=notice>{escape(metrics['notice'])}</p>",
        "<h2>Figures</h2>",
        "<p class=faint>With 95 % intervals by bootstrap over patients.</p>",
        _table(figure_table(metrics["figures"], DEFINITIONS)),
        "<h2>Plots</h2>",
        '<div class="plots">',
        *(_plot(name, plots) for name in plots["light"]),
        "</div>",
        "<h2>Classes</h2>",
        _table(class_table(metrics)),
    ]
    if metrics.get("baselines"):
        parts += [
            "<h2>Beside models that do not look</h2>",
            (
                "<p class=faint>Each a small tree on one feature, fitted on the training part: what may be had without "
                "looking for a tumour.</p>"
            ),
            _table(comparison_table(metrics)),
        ]
    if metrics.get("official_split"):
        parts += [
            "<h2>The official split, and the part of it that does not leak</h2>",
            _table(leakage_table(metrics["official_split"])),
        ]
    for by in metrics["breakdown"]:
        parts += [f"<h2>By {by}</h2>", _table(breakdown_table(metrics, by))]
    if mistakes:
        parts += [
            "<h2>Most certain mistakes</h2>",
            '<div class="mistakes">',
            *(
                f'<figure><img alt="" src="{_data_uri(png)}"><figcaption>{escape(words)}</figcaption></figure>'
                for png, words in mistakes
            ),
            "</div>",
        ]
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n{body}\n"
        f"<p class=faint>{data['slices']} slices of {data['patients']} patients.</p></body></html>\n"
    )


def _plot(name: str, plots: Mapping[str, Mapping[str, bytes]]) -> str:
    title = escape(_PLOT_TITLES.get(name, to_words(name)))
    wide = ' class="wide"' if name == "sources" else ""
    return (
        f"<figure{wide}><picture>"
        f'<source media="(prefers-color-scheme: dark)" srcset="{_data_uri(plots["dark"][name])}">'
        f'<img alt="{title}" src="{_data_uri(plots["light"][name])}"></picture></figure>'
    )


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _table(table: Sequence[Sequence[str]]) -> str:
    head, *rows = table
    cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></div>'
