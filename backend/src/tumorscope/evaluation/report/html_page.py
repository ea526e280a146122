"""The content of metrics.json and its plots in, one self-contained HTML page out."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tumorscope.evaluation.report.tables import (
    DECISIONS_NOTE,
    HELD_OUT_NOTE,
    UNITS,
    breakdown_table,
    class_table,
    comparison_table,
    data_sentence,
    decision_table,
    figure_table,
    to_words,
)

_PLOT_TITLES = {
    "roc": "ROC curves of each class against the rest",
    "precision_recall": "Precision against recall of each class",
    "confusion_matrix": "Confusion matrix",
    "calibration": "Calibration of the most probable class",
    "decisions": "Decisions by source",
}

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #5c6670; --paper: #fff; --line: #d9dee3; --card: #f6f8fa }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --faint: #9aa3ad; --paper: #14181d; --line: #2c333b; --card: #1b2027 }
}
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif }
h1 { margin: 0 0 .2rem; font-size: 1.6rem } h2 { margin: 2.2rem 0 .6rem; font-size: 1.2rem }
p { margin: .3rem 0 } .faint { color: var(--faint) }
.notice { border: 1px solid var(--line); background: var(--card); padding: .6rem .9rem; border-radius: .4rem }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
th { color: var(--faint); font-weight: 600 }
td { white-space: nowrap } td:first-child { white-space: normal; min-width: 9rem }
.prose td:last-child { white-space: normal; min-width: 15rem; overflow-wrap: anywhere }
.plots { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(28rem, 100%), 1fr)) }
.plots .wide { grid-column: 1 / -1 }
figure { margin: 0 } img { max-width: 100%; height: auto; display: block; border-radius: .3rem }
.mistakes { display: flex; flex-wrap: wrap; gap: .8rem } .mistakes figure { width: 8.5rem; font-size: .8rem }
.mistakes img { width: 100%; background: #000 }
"""


def write_report(
    metrics: Mapping[str, Any],
    plots: Mapping[str, bytes],
    mistakes: Sequence[tuple[bytes, str]],
) -> str:
    """One page that needs no other file.

    Parameters
    ----------
    metrics : mapping
        From `measure.measure`.
    plots : mapping of str to bytes
        From `plots.draw_plots`, PNG.
    mistakes : sequence of (bytes, str)
        Slices, as PNG, that the model was most sure and wrong of, with what to say below each.

    Returns
    -------
    str
        HTML.
    """
    model = metrics["model"]
    title = f"{model['name']} {model['version']}: evaluation"
    sections = [
        f"<h1>{escape(title)}</h1>",
        f"<p class=faint>{escape(data_sentence(metrics))}</p>",
        f"<p class=notice>{escape(metrics['notice'])}</p>",
        *_decisions(metrics),
        "<h2>Threshold figures, as the literature reports them</h2>",
        "<p class=faint>Over every slice, also those left uncertain; 95 % intervals by bootstrap over patients.</p>",
        _table(figure_table(metrics["figures"]), prose=True),
        "<h2>Plots</h2>",
        '<div class="plots">',
        *(_plot(name, png) for name, png in plots.items()),
        "</div>",
        "<h2>Classes</h2>",
        _table(class_table(metrics)),
        *_comparisons(metrics),
        *(part for by in metrics["breakdown"] for part in (f"<h2>By {by}</h2>", _table(breakdown_table(metrics, by)))),
        *_gallery(mistakes),
        *_method(metrics),
    ]
    body = "\n".join(sections)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _decisions(metrics: Mapping[str, Any]) -> list[str]:
    """What users get, first."""
    note = f"{DECISIONS_NOTE} {HELD_OUT_NOTE}" if metrics["chose_calibration"] else DECISIONS_NOTE
    sections = ["<h2>What it answers</h2>", f"<p class=faint>{escape(note)}</p>"]
    for unit, title in UNITS.items():
        if metrics["decisions"][unit]:
            table = decision_table(metrics["decisions"], unit, "all", "sequence", "source")
            sections += [f"<h3>{title}</h3>", _table(table)]
    return sections


def _comparisons(metrics: Mapping[str, Any]) -> list[str]:
    """What the figures are worth: beside single-feature baselines."""
    if not metrics["baselines"]:
        return []
    return [
        "<h2>Beside single-feature baselines</h2>",
        (
            "<p class=faint>Each is a small decision tree on one feature, fitted on the training part. Where one comes "
            "near, the data gives the class away.</p>"
        ),
        _table(comparison_table(metrics)),
    ]


def _gallery(mistakes: Sequence[tuple[bytes, str]]) -> list[str]:
    if not mistakes:
        return []
    figures = (
        f'<figure><img alt="" src="{_data_uri(png)}"><figcaption>{escape(words)}</figcaption></figure>'
        for png, words in mistakes
    )
    return [
        "<h2>Most certain mistakes</h2>",
        "<p class=faint>Images of patients: with them this page may go only where the data may go.</p>",
        f'<div class="mistakes">{"".join(figures)}</div>',
    ]


def _method(metrics: Mapping[str, Any]) -> list[str]:
    """How it was measured, down to the checksums."""
    split = metrics["data"].get("split_sha256")
    facts = {
        "command": metrics.get("command"),
        "measured": metrics["measured"],
        "engine": metrics["engine"],
        "model, SHA-256 of its manifest": metrics["model"]["sha256"],
        "split, SHA-256 of its held-out patients": split,
        "intervals": "patients are drawn with replacement, 1,000 times, each with all slices. Where every slice is "
        "right, the interval has no width; that is not certainty.",
        "operating point": metrics["operating_point"],
        "most probable class": "for accuracy, F1 and the confusion matrix, whatever its probability",
    }
    rows = [[name, str(fact)] for name, fact in facts.items() if fact]
    return ["<h2>How it was measured</h2>", _table([["", ""], *rows], prose=True)]


def _plot(name: str, png: bytes) -> str:
    title = escape(_PLOT_TITLES.get(name, to_words(name)))
    wide = ' class="wide"' if name == "decisions" else ""
    return f'<figure{wide}><img alt="{title}" src="{_data_uri(png)}"></figure>'


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _table(table: Sequence[Sequence[str]], *, prose: bool = False) -> str:
    """A table of text, its last column prose."""
    head, *rows = table
    cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    kind = ' class="prose"' if prose else ""
    return f'<div class="scroll"><table{kind}><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></div>'
