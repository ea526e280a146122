"""The content of metrics.json and its plots in, one self-contained HTML page out."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tumorscope.evaluation.report.sections import PLOTS, Section, describe_evaluation
from tumorscope.html_page import write_figure, write_page, write_table


def write_report(metrics: Mapping[str, Any], plots: Mapping[str, bytes], mistakes: Sequence[tuple[bytes, str]]) -> str:
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
    parts = [f"<p><strong>{escape(metrics['notice'])}</strong></p>"]
    parts += [_write_section(section, plots) for section in describe_evaluation(metrics)]
    if mistakes:
        parts += [
            "<h2>Most certain mistakes</h2>",
            "<p>Images of patients: with them this page may go only where the data may go.</p>",
            *(write_figure([png], escape(words)) for png, words in mistakes),
        ]
    parts.append(_write_section(_describe_method(metrics), plots))
    return write_page(f"{model['name']} {model['version']}: evaluation", parts)


def _write_section(section: Section, plots: Mapping[str, bytes]) -> str:
    heads, *rows = section.table or [[]]
    shown = [write_figure([plots[name]], alt=PLOTS[name]) for name in section.plots if name in plots]
    return (
        f"<h{section.level}>{escape(section.title)}</h{section.level}><p>{escape(section.words)}</p>"
        f"{write_table(heads, [map(escape, row) for row in rows])}{''.join(shown)}"
    )


def _describe_method(metrics: Mapping[str, Any]) -> Section:
    """How it was measured, down to the checksums."""
    facts = {
        "command": metrics.get("command"),
        "measured": metrics["measured"],
        "engine": metrics["engine"],
        "model, SHA-256 of its manifest": metrics["model"]["sha256"],
        "split, SHA-256 of its held-out patients": metrics["data"].get("split_sha256"),
        "intervals": "patients are drawn with replacement, 1,000 times, each with all slices. Where every slice is "
        "right, the interval has no width; that is not certainty.",
        "operating point": metrics["operating_point"],
        "most probable class": "for accuracy, F1 and the confusion matrix, whatever its probability",
    }
    return Section(
        "How it was measured", table=[["", ""], *([name, str(fact)] for name, fact in facts.items() if fact)]
    )
