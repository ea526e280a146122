"""A manifest, the content of metrics.json and tables of other runs in, MODEL_CARD.md out: generated, not written."""

from collections.abc import Mapping, Sequence
from typing import Any

from tumorscope import NOTICE
from tumorscope.domain.errors import EvaluationError
from tumorscope.evaluation.report.tables import (
    DECISIONS_NOTE,
    HELD_OUT_NOTE,
    UNITS,
    Table,
    breakdown_table,
    class_table,
    comparison_table,
    cross_validation_table,
    data_sentence,
    decision_table,
    figure_table,
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
    """The model card, with the fields that Hugging Face's cards have.

    Parameters
    ----------
    manifest : Manifest
        Of the bundle.
    sha256 : str
        Of the bundle.
    metrics : mapping
        From `measure.measure`.
    tables : sequence of mapping
        Of other runs (ablation, left-out collections, cross-validation): ``title``, ``note``, ``columns``, ``rows``.
    plots : str
        Folder of the plots, relative to the card.

    Returns
    -------
    str
        Markdown.
    """
    training = manifest.training
    sections = [
        _HEADER.format(license=manifest.license.lower()),
        f"# Model card: {manifest.name} {manifest.version}",
        f"**{NOTICE}**",
        ("`make evaluate` generates this card from the bundle and its measured figures."),
        "## Model",
        _bullets(*_describe_model(manifest, sha256)),
        "## Intended use",
        manifest.intended_use,
        "## Out of scope",
        (
            "Diagnosis, triage and treatment decisions; anything that is not an MRI of a brain; scans after an "
            "operation; other lesions; children (the collections state no ages)."
        ),
        "## Training data",
        _markdown(
            [
                ["collection", "licence", "used for"],
                *([entry.name, entry.license, entry.used_for] for entry in manifest.data),
            ]
        ),
        *_describe_split(training),
        "## Training procedure",
        _bullets(*_describe_training(training)),
        *_describe_evaluation(manifest, metrics, plots),
    ]
    for table in tables:
        rows = [[str(cell) for cell in row] for row in table["rows"]]
        sections += [f"## {table['title']}", table["note"], _markdown([table["columns"], *rows])]
    sections += ["## Known failures and limits", _bullets(*manifest.limits)]
    return "\n\n".join(sections) + "\n"


def replace_figures(text: str, decisions: Mapping[str, Any]) -> str:
    """Renew a page's table of decisions, between its two marks.

    Parameters
    ----------
    text : str
        Markdown with the lines ``<!-- figures -->`` and ``<!-- /figures -->``.
    decisions : mapping
        Of ``metrics.json``.

    Returns
    -------
    str
        The same, with the table of today between them.

    Raises
    ------
    EvaluationError
        A mark is absent.
    """
    before, opening, rest = text.partition(_FIGURES_BEGIN)
    _, closing, after = rest.partition(_FIGURES_END)
    if not opening or not closing:
        raise EvaluationError(f"The page lacks the marks {_FIGURES_BEGIN} and {_FIGURES_END}.")
    return f"{before}{opening}\n{_markdown(short_decision_table(decisions))}\n{closing}{after}"


def _describe_model(manifest: Manifest, sha256: str) -> list[str]:
    return [
        f"Architecture: {manifest.architecture}, input {manifest.input.size}×{manifest.input.size}, classes "
        + ", ".join(f"`{name}`" for name in manifest.class_names),
        f"SHA-256 of the manifest, which holds that of every file: `{sha256}`",
        f"Licence of the weights: {manifest.license}",
    ]


def _describe_split(training: Mapping[str, Any]) -> list[str]:
    parts = []
    if "training_slices" in training:
        counts = training["training_slices"]
        parts.append(
            f"{sum(counts.values())} slices of {training['training_patients']} patients: "
            + ", ".join(f"{count} {to_words(name)}" for name, count in counts.items())
            + "."
        )
    if training.get("leakage_allowed"):
        parts.append("**The split leaks**: patients or near-duplicates are in both parts. These figures mean little.")
    elif "leakage_allowed" in training:
        parts.append(
            "No patient, copy or near-duplicate is in both training and validation part: training refuses such a split."
        )
    return parts


def _describe_training(training: Mapping[str, Any]) -> list[str]:
    """What the manifest records of the run; an older one records less."""
    lines = []
    facts = {"recipe": "Recipe", "backend": "Keras backend", "seed": "Seed", "batch_size": "Batch size"}
    facts |= {"label_smoothing": "Label smoothing", "weight_decay": "Weight decay"}
    facts |= {"batch_norm": "Batch normalisation while training", "where_weight": "Weight of the tumour map"}
    facts |= {"tumor_map_weight": "Weight of the tumour map"}
    lines += [f"{title}: {_word(training[name])}" for name, title in facts.items() if name in training]
    for stage in training.get("stages", []):
        guided = stage.get("attribution_weight") or stage.get("evidence_weight")
        aim = ", with the attribution-guided loss" if guided else ""
        lines.append(
            f"Stage at {stage['size']}×{stage['size']}: {stage['epochs']} epochs, "
            f"peak learning rate {stage['peak_learning_rate']:g}{aim}" + _describe_mixture(stage.get("mixture", {}))
        )
    if training.get("averaged_stages"):
        ends = ", ".join(str(number + 1) for number in training["averaged_stages"])
        lines.append(f"Weights: the mean of those at the ends of the stages {ends}, counted from 1")
    if training.get("augmentations"):
        lines.append("Augmentation: " + _list_settings(training["augmentations"]))
    if training.get("epochs"):
        last = training["epochs"][-1]
        losses = {name: value for name, value in last.items() if "loss" in name}
        lines.append("Last epoch: " + ", ".join(f"{to_words(name)} {value:.3f}" for name, value in losses.items()))
    if "split_sha256" in training:
        lines.append(f"Split, SHA-256 of the held-out patients: `{training['split_sha256']}`")
    return lines


def _describe_mixture(mixture: Mapping[str, Any]) -> str:
    return f"; added to the real slices of an epoch: {_list_settings(mixture)}" if mixture else ""


def _list_settings(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{to_words(name)} {_word(value)}" for name, value in settings.items())


def _describe_evaluation(manifest: Manifest, metrics: Mapping[str, Any], plots: str) -> list[str]:
    sections = ["## What it answers", DECISIONS_NOTE]
    if metrics["chose_calibration"]:
        sections.append(HELD_OUT_NOTE)
    for unit, title in UNITS.items():
        if metrics["decisions"][unit]:
            table = decision_table(metrics["decisions"], unit, "all", "sequence", "source")
            sections += [f"### {title}", _markdown(table)]
    sections += [
        f"![Decisions by source]({plots}/decisions.png)",
        "## Threshold figures, as the literature reports them",
        data_sentence(metrics)
        + " These figures ask for the most probable class, or for the order of the probabilities. They count every "
        "slice, also those that the service leaves uncertain. Intervals are 95 %, by bootstrap over patients.",
        _markdown(figure_table(metrics["figures"])),
        "### Classes",
        _markdown(class_table(metrics)),
        f"![Confusion matrix]({plots}/confusion_matrix.png) ![ROC curves]({plots}/roc.png)",
        f"![Precision against recall]({plots}/precision_recall.png)",
        "### Calibration",
        _describe_calibration(manifest, metrics),
        f"![Calibration]({plots}/calibration.png)",
    ]
    if manifest.trust is not None and "repeats" in manifest.trust.figures:
        figures = manifest.trust.figures
        sections += [
            "### Calibration and limits, cross-validated",
            f"Patient-grouped {figures['folds']}-fold cross-validation over the held-out patients, repeated "
            f"{figures['repeats']} times. The prediction sets aim at a coverage of {manifest.trust.coverage:.0%}. "
            + " ".join(f"`{name}`: {point.description}." for name, point in manifest.trust.operating_points.items())
            + " "
            + _BRIDGE,
            _markdown(cross_validation_table(manifest.trust)),
        ]
    if metrics["baselines"]:
        sections += [
            "### Beside single-feature baselines",
            (
                "Each is a small decision tree on one feature, fitted on the training part. Where one comes near, the "
                "data gives the class away, and the model deserves no credit."
            ),
            _markdown(comparison_table(metrics)),
        ]
    for by in metrics["breakdown"]:
        sections += [f"### By {by}", _markdown(breakdown_table(metrics, by))]
    return sections


def _describe_calibration(manifest: Manifest, metrics: Mapping[str, Any]) -> str:
    sentence = f"The logits are divided by a temperature of {manifest.temperature:g}."
    if manifest.uniform_weight:
        sentence += f" The uniform mixing weight is {manifest.uniform_weight:.1%}: that much is shared by all classes."
    before, after = manifest.metrics.get("ece_uncalibrated"), metrics["figures"].get("ece")
    if metrics["chose_calibration"] and before and after:
        sentence += (
            f" The expected calibration error is {before['value']:.3f} before calibration and {after['value']:.3f} "
            "after it, on patients that it was not fitted on."
        )
    return sentence


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _bullets(*lines: str) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _markdown(table: Table) -> str:
    head, *rows = ([cell.replace("|", "\\|") for cell in row] for row in table)
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])
