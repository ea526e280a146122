"""A manifest, the content of metrics.json and tables of other runs in, MODEL_CARD.md out: generated, not written."""

from collections.abc import Mapping, Sequence
from typing import Any

from tumorscope import NOTICE
from tumorscope.domain.errors import EvaluationError
from tumorscope.evaluation.metrics.definitions import HEADLINE
from tumorscope.evaluation.report.tables import (
    Table,
    breakdown_table,
    class_table,
    comparison_table,
    data_sentence,
    figure_table,
    to_words,
    value_and_interval,
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
        _bullets(*_describe_model(manifest, sha256)),
        "## Intended use",
        manifest.intended_use,
        "## Out of scope",
        (
            "Any diagnosis, triage or treatment decision; anything that is not an MRI of a brain; scans after an "
            "operation; other lesions; children, of whom the collections say nothing."
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


def replace_figures(text: str, figures: Mapping[str, Any]) -> str:
    """Renew a page's table of the headline figures, between its two marks.

    Parameters
    ----------
    text : str
        Markdown with the lines ``<!-- figures -->`` and ``<!-- /figures -->``.
    figures : mapping
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
    rows = [
        [f"`{name}`", *value_and_interval(figures[name]), str(figures[name]["n"])]
        for name in HEADLINE
        if name in figures
    ]
    table = _markdown([["figure", "value", "95 % interval", "slices"], *rows])
    return f"{before}{opening}\n{table}\n{closing}{after}"


def _describe_model(manifest: Manifest, sha256: str) -> list[str]:
    return [
        f"Architecture: {manifest.architecture}, input {manifest.input.size}×{manifest.input.size}, classes "
        + ", ".join(f"`{name}`" for name in manifest.class_names),
        f"Called tumour from a tumour probability of {manifest.tumor_threshold} on",
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
        parts.append("**The split leaks**, and training was told to go on all the same: these figures mean little.")
    elif "leakage_allowed" in training:
        parts.append(
            "Training refuses a split on which a patient, a copy or a near-copy is on both sides; this one has none."
        )
    return parts


def _describe_training(training: Mapping[str, Any]) -> list[str]:
    """What the manifest records of the run; an older one records less."""
    lines = []
    facts = {"recipe": "Recipe", "backend": "Keras backend", "seed": "Seed", "batch_size": "Batch size"}
    facts |= {"label_smoothing": "Label smoothing", "weight_decay": "Weight decay"}
    facts |= {"batch_norm": "Batch normalisation while it learns", "where_weight": "Weight of the tumour's place"}
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
    return f"; an epoch beside each real picture: {_list_settings(mixture)}" if mixture else ""


def _list_settings(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{to_words(name)} {_word(value)}" for name, value in settings.items())


def _describe_evaluation(manifest: Manifest, metrics: Mapping[str, Any], plots: str) -> list[str]:
    split = metrics["data"].get("split_sha256")
    held_out = metrics["data"]["part"] == "validation" and split == manifest.training.get("split_sha256")
    sections = [
        "## Evaluation",
        data_sentence(metrics)
        + " Through the very code that serves; the intervals are 95 %, by bootstrap over patients."
        + (" No patient of these was trained on." if held_out else ""),
        _markdown(figure_table(metrics["figures"])),
        "### Classes",
        _markdown(class_table(metrics)),
        f"![Confusion matrix]({plots}/confusion_matrix.png) ![ROC curves]({plots}/roc.png)",
        f"![Precision against recall]({plots}/precision_recall.png)",
        "### Calibration",
        _describe_calibration(manifest, metrics, held_out=held_out),
        f"![Calibration]({plots}/calibration.png)",
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
    return [*sections, f"![By source]({plots}/sources.png)"]


def _describe_calibration(manifest: Manifest, metrics: Mapping[str, Any], *, held_out: bool) -> str:
    sentence = f"The logits are divided by a temperature of {manifest.temperature:g}"
    if manifest.uniform_weight:
        sentence += f", and {manifest.uniform_weight:.1%} of the answer is shared by all classes alike"
    sentence += "; fitted on the same patients as these figures." if held_out else "."
    before, after = manifest.metrics.get("ece_uncalibrated"), metrics["figures"].get("ece")
    if held_out and before and after:
        sentence += f" Expected calibration error {before['value']:.3f} before it, {after['value']:.3f} after."
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
