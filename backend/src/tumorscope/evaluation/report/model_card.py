"""A manifest, the content of metrics.json and tables of other runs in, MODEL_CARD.md out: generated, not written."""

from collections.abc import Mapping, Sequence
from typing import Any

from tumorscope import NOTICE
from tumorscope.domain.errors import EvaluationError
from tumorscope.evaluation.report.sections import (
    PLOTS,
    Section,
    Table,
    cross_validation_table,
    describe_evaluation,
    short_decision_table,
    to_words,
)
from tumorscope.model.manifest import Manifest

_HEADER = """---
license: {license}
library_name: keras
pipeline_tag: image-classification
tags:
- medical
- brain-mri
- vgg16
- investigational
metrics:
- accuracy
- f1
- roc_auc
---
"""
_FIGURES_BEGIN, _FIGURES_END = "<!-- figures -->", "<!-- /figures -->"
_BRIDGE = (
    "These shares differ from those of the tables above, which have one division of the patients, count tumours of "
    "unstated kind, and refuse what is out of scope. The figures of each answer (`model.operating_figures`) count "
    "single images without a tumour, which are harder than the slices of volumes counted here too."
)


def write_model_card(
    manifest: Manifest, sha256: str, metrics: Mapping[str, Any], tables: Sequence[Mapping[str, Any]], plots: str
) -> str:
    """The model card in Markdown, with the fields of Hugging Face's cards; `tables` are those of other runs."""
    size, collections = manifest.input.size, [[entry.name, entry.license, entry.used_for] for entry in manifest.data]
    facts = [
        f"Architecture: {manifest.architecture}, input {size}×{size}, classes "
        + ", ".join(f"`{name}`" for name in manifest.class_names),
        f"SHA-256 of the manifest, which holds that of every file: `{sha256}`",
        f"Licence of the weights: {manifest.license}",
    ]
    sections = [
        Section("Model", _bullets(facts)),
        Section("Intended use", manifest.intended_use),
        Section(
            "Out of scope",
            "Diagnosis, triage and treatment decisions; anything that is not an MRI of a brain; scans after an "
            "operation; other lesions; children (the collections state no ages).",
        ),
        Section(
            "Training data", _describe_split(manifest.training), [["collection", "licence", "used for"], *collections]
        ),
        Section("Training procedure", _bullets(_describe_training(manifest.training))),
        *describe_evaluation(metrics),
        _describe_calibration(manifest, metrics),
        *(
            Section(
                table["title"],
                table["note"],
                [table["columns"], *([str(cell) for cell in row] for row in table["rows"])],
            )
            for table in tables
        ),
        Section("Known failures and limits", _bullets(manifest.limits)),
    ]
    parts = [
        _HEADER.format(license=manifest.license.lower()),
        f"# Model card: {manifest.name} {manifest.version}",
        f"**{NOTICE}**",
        "`make evaluate` generates this card from the bundle and its measured figures.",
        *(_write_section(section, plots) for section in sections),
    ]
    return "\n\n".join(parts) + "\n"


def replace_figures(text: str, decisions: Mapping[str, Any]) -> str:
    """Renew a page's table of decisions, between ``<!-- figures -->`` and ``<!-- /figures -->``.

    Raises
    ------
    EvaluationError
        A mark is absent.
    """
    before, opening, rest = text.partition(_FIGURES_BEGIN)
    _, closing, after = rest.partition(_FIGURES_END)
    if not opening or not closing:
        raise EvaluationError(f"The page lacks the marks {_FIGURES_BEGIN} and {_FIGURES_END}.")
    return f"{before}{opening}\n{_write_table(short_decision_table(decisions))}\n{closing}{after}"


def _describe_split(training: Mapping[str, Any]) -> str:
    if "leakage_allowed" not in training:
        return ""
    if training["leakage_allowed"]:
        return "**The split leaks**: patients or near-duplicates are in both parts. These figures mean little."
    return "No patient, copy or near-duplicate is in both training and validation part: training refuses such a split."


def _describe_training(training: Mapping[str, Any]) -> list[str]:
    """Every setting that the manifest records; of its lists each stage, and the last epoch."""
    settings = {name: value for name, value in training.items() if name not in ("stages", "epochs")}
    settings |= {f"stage {number}": stage for number, stage in enumerate(training.get("stages", []))}
    if training.get("epochs"):
        settings["last epoch"] = training["epochs"][-1]
    return [f"{to_words(name).capitalize()}: {_show_setting(value)}" for name, value in settings.items()]


def _show_setting(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{to_words(name)} {_show_setting(one)}" for name, one in value.items() if one)
    if isinstance(value, list):
        return ", ".join(map(_show_setting, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _describe_calibration(manifest: Manifest, metrics: Mapping[str, Any]) -> Section:
    words = f"The logits are divided by a temperature of {manifest.temperature:g}."
    if manifest.uniform_weight:
        words += f" The uniform mixing weight is {manifest.uniform_weight:.1%}: that much is shared by all classes."
    before, after = manifest.metrics.get("ece_uncalibrated"), metrics["figures"].get("ece")
    if metrics["chose_calibration"] and before and after:
        words += (
            f" The expected calibration error is {before['value']:.3f} before calibration and {after['value']:.3f} "
            "after it, on patients that it was not fitted on."
        )
    trust, table = manifest.trust, []
    if trust is not None and "repeats" in trust.figures:
        words += (
            f"\n\nPatient-grouped {trust.figures['folds']}-fold cross-validation over the held-out patients, repeated "
            f"{trust.figures['repeats']} times. The prediction sets aim at a coverage of {trust.coverage:.0%}. "
            + "".join(f"`{name}`: {point.description}. " for name, point in trust.operating_points.items())
            + _BRIDGE
        )
        table = cross_validation_table(trust)
    return Section("Calibration and limits, cross-validated" if table else "Calibration", words, table, level=3)


def _write_section(section: Section, plots: str) -> str:
    images = " ".join(f"![{PLOTS[name]}]({plots}/{name}.png)" for name in section.plots)
    parts = (f"{'#' * section.level} {section.title}", section.words, _write_table(section.table), images)
    return "\n\n".join(part for part in parts if part)


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _write_table(table: Table) -> str:
    rows = [[cell.replace("|", "\\|") for cell in row] for row in table]
    return "\n".join(
        f"| {' | '.join(row)} |" for row in [*rows[:1], *([["---"] * len(row) for row in rows[:1]]), *rows[1:]]
    )
