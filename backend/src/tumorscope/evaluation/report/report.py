"""The content of metrics.json, its plots and the worst mistakes in, one self-contained HTML page out."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from tumorscope.datasets.example import Example, read_example
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.evaluation.report.sections import PLOTS, Section, describe_evaluation, to_words
from tumorscope.html_page import write_figure, write_page, write_table
from tumorscope.imaging.formats.raster import encode_png
from tumorscope.inference.classifier import Classifier
from tumorscope.preprocessing.pipeline import to_model_input

_SHOWN = 24
# Neighbouring slices of one patient would fill the page with one mistake.
_SHOWN_OF_PATIENT = 2


def write_report(metrics: Mapping[str, Any], plots: Mapping[str, bytes], mistakes: Sequence[tuple[bytes, str]]) -> str:
    """One page of HTML that needs no other file; each of the mistakes is a PNG and what to say below it."""
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


def find_mistakes(scored: Scored, examples: Sequence[Example], classifier: Classifier) -> list[tuple[bytes, str]]:
    """The slices that the model was most certain and wrong of, as it saw them: PNG, and what to say of each.

    The most certain first, at most two of a patient.
    """
    wrong = np.flatnonzero(scored.of_known_class & (scored.predicted != scored.labels))
    shown: list[tuple[bytes, str]] = []
    seen: dict[str, int] = {}
    for row in wrong[np.argsort(-scored.probabilities[wrong].max(axis=1), kind="stable")]:
        patient = examples[row].patient_id
        seen[patient] = seen.get(patient, 0) + 1
        if len(shown) == _SHOWN or seen[patient] > _SHOWN_OF_PATIENT:
            continue
        pixels = to_model_input(read_example(examples[row]), classifier.bundle.manifest.preprocessing_parameters).pixels
        words = (
            f"{to_words(scored.labels[row])}, called {to_words(scored.predicted[row])} "
            f"({scored.probabilities[row].max():.2f}); {examples[row].source}"
        )
        shown.append((encode_png((pixels[:, :, 0] * 255).round().astype(np.uint8)), words))
    return shown


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
