"""A manifest, the content of metrics.json and tables of other runs in, MODEL_CARD.md out: generated, not written."""

from collections.abc import Mapping, Sequence
from typing import Any

from tumorscope import NOTICE
from tumorscope.evaluation.definitions import DEFINITIONS
from tumorscope.evaluation.tables import (
    Table,
    breakdown_table,
    class_table,
    comparison_table,
    data_sentence,
    figure_table,
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
        (
            "This card is generated from the bundle and its measured figures (`make evaluate`); nothing in it is "
            "typed by hand."
        ),
        "## Model",
        _bullets(
            f"Architecture: {manifest.architecture}, input {manifest.input.size}×{manifest.input.size}, classes "
            + ", ".join(f"`{name}`" for name in manifest.class_names),
            f"Temperature {manifest.temperature}, called tumour from a tumour probability of "
            f"{manifest.tumor_threshold} on",
            f"SHA-256 of the manifest, which holds that of every file: `{sha256}`",
            f"Licence of the weights: {manifest.license}",
        ),
        "## Intended use",
        manifest.intended_use,
        (
            "**Out of scope:** any diagnosis, triage or treatment decision; anything that is not an MRI of a brain; "
            "scans after an operation; other lesions; children, of whom the collections say nothing."
        ),
        "## Training data",
        _markdown(
            [
                ["collection", "licence", "used for"],
                *([entry.name, entry.license, entry.used_for] for entry in manifest.data),
            ]
        ),
        (
            f"{sum(training['training_slices'].values())} slices of {training['training_patients']} patients: "
            f"{_counts(training['training_slices'])}. No patient is both here and in the evaluation."
        ),
        "**The split leaks**, and training was told to go on all the same: these figures mean little."
        if training.get("leakage_allowed")
        else "Training refuses a split on which a patient, a copy or a near-copy is on both sides; this one has none.",
        "## Training procedure",
        _bullets(*_describe_training(training)),
        "## Evaluation",
        data_sentence(metrics) + " Through the very code that serves, with 95 % intervals by bootstrap over patients. "
        "The temperature was fitted on the same patients.",
        _markdown(figure_table(metrics["figures"], DEFINITIONS)),
        "### Classes",
        _markdown(class_table(metrics)),
        f"![Confusion matrix]({plots}/confusion_matrix.png) ![ROC]({plots}/roc.png)",
        f"![Calibration]({plots}/calibration.png) ![Precision and recall]({plots}/precision_recall.png)",
    ]
    if metrics["baselines"]:
        sections += [
            "### Beside models that do not look",
            (
                "Each a small tree on one feature, fitted on the training part. Where one comes near, the data and "
                "not the model deserves the credit."
            ),
            _markdown(comparison_table(metrics)),
        ]
    for by in metrics["breakdown"]:
        sections += [f"### By {by}", _markdown(breakdown_table(metrics, by))]
    for table in tables:
        sections += [f"## {table['title']}", table["note"], _markdown([table["columns"], *table["rows"]])]
    sections += ["## Known failures and limits", _bullets(*manifest.limits)]
    return "\n\n".join(sections) + "\n"


def _describe_training(training: Mapping[str, Any]) -> list[str]:
    stages = "; ".join(
        f"{stage['size']}×{stage['size']} for {stage['epochs']} epochs at a rate of {stage['peak_learning_rate']:g}, "
        f"{stage['frozen_convolutions']} convolutions frozen"
        for stage in training["stages"]
    )
    mixture = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in training["mixture"].items())
    augmentations = ", ".join(f"{name} ({share:.0%})" for name, share in training["augmentations"].items())
    last = training["epochs"][-1]
    return [
        (
            f"Recipe `{training['recipe']}`, Keras on {training['backend']}, seed {training['seed']}, batches of "
            f"{training['batch_size']}, label smoothing {training['label_smoothing']}, "
            f"weight decay {training['weight_decay']}"
        ),
        f"Stages: {stages}",
        f"Augmentation: {augmentations}",
        f"An epoch beside each real picture: {mixture}",
        (
            f"Batch normalisation while it learns: {'yes' if training['batch_norm'] else 'no'}; weight of the "
            f"tumour's place as a second target: {training['where_weight']:g}"
        ),
        f"Last epoch: training loss {last['training_loss']:.3f}, validation loss {last['validation_loss']:.3f}",
        f"Split {training['split_sha256'][:16]} (`split.json` in the bundle)",
    ]


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())


def _bullets(*lines: str) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _markdown(table: Table) -> str:
    head, *rows = ([cell.replace("|", "\\|") for cell in row] for row in table)
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])
