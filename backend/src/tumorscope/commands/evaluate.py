"""``tumorscope evaluate`` and ``tumorscope card``: a bundle and data in, report, plots, figures and model card out."""

import json
import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from tumorscope.domain.errors import EvaluationError

if TYPE_CHECKING:
    from tumorscope.datasets.example import Example
    from tumorscope.datasets.splits import Split
    from tumorscope.evaluation.scored import Scored
    from tumorscope.inference.classifier import Classifier

BundleArgument = Annotated[Path, typer.Argument(help="Folder of the model.")]

_SHOWN_MISTAKES = 24
_SPLIT_FILE = "split.json"


class Part(StrEnum):
    """Which part of a split is evaluated."""

    VALIDATION = "validation"
    TRAINING = "training"
    ALL = "all"


def evaluate(
    bundle: BundleArgument,
    data: Annotated[Path, typer.Argument(help="A CSV, a folder with slices.csv, class folders, or prepared BraTS.")],
    output: Annotated[Path, typer.Option(help="Folder for report.html, the plots and metrics.json.")] = Path(
        "runs/evaluation"
    ),
    split: Annotated[
        Path | None, typer.Option(help="Split file; default: the bundle's own, if it is of this data.")
    ] = None,
    part: Annotated[Part | None, typer.Option(help="Default: validation where there is a split, else all.")] = None,
) -> None:
    """Measure a model through the very code that serves, and write a report."""
    from tumorscope.datasets.discover import discover_examples  # noqa: PLC0415
    from tumorscope.evaluation.measure import measure  # noqa: PLC0415
    from tumorscope.inference.classifier import Classifier  # noqa: PLC0415
    from tumorscope.inference.engines.tensorflow import TensorFlowEngine  # noqa: PLC0415
    from tumorscope.model.bundle import read_bundle  # noqa: PLC0415

    loaded = read_bundle(bundle)
    examples = discover_examples(data, tuple(loaded.manifest.class_names))
    parted = _find_split(bundle, split, examples)
    if parted is None and part not in {None, Part.ALL}:
        raise EvaluationError("There is no split of this data: name one with --split, or evaluate --part all.")
    wanted = part or (Part.ALL if parted is None else Part.VALIDATION)
    judged, others = _choose(examples, parted, wanted)
    classifier = Classifier(loaded, TensorFlowEngine(loaded))
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("evaluating", total=len(judged) * (2 if others else 1) + len(others))
        metrics, scored = measure(classifier, judged, others, wanted.value, lambda: progress.advance(task))
    official = _measure_official_split(classifier, data)
    if official:
        metrics["official_split"] = official
    _write(metrics, scored, judged, classifier, output)


def card(
    bundle: BundleArgument,
    metrics: Annotated[Path, typer.Option(help="metrics.json of `tumorscope evaluate`.")],
    output: Annotated[Path, typer.Option(help="Markdown file that is written.")] = Path("MODEL_CARD.md"),
    tables: Annotated[Path | None, typer.Option(help="Folder of JSON tables of other runs, shown by name.")] = None,
) -> None:
    """Write the model card from a bundle and its measured figures."""
    from tumorscope.evaluation.model_card import write_model_card  # noqa: PLC0415
    from tumorscope.model.bundle import read_bundle  # noqa: PLC0415

    loaded = read_bundle(bundle)
    measured = json.loads(metrics.read_text(encoding="utf-8"))
    if measured["model"]["sha256"] != loaded.sha256:
        raise EvaluationError(f"{metrics} was measured with another model.")
    others = sorted(tables.glob("*.json")) if tables else []
    plots = Path(os.path.relpath(metrics.parent, output.parent)).as_posix()
    output.write_text(
        write_model_card(
            loaded.manifest,
            loaded.sha256,
            measured,
            [json.loads(file.read_text(encoding="utf-8")) for file in others],
            plots,
        ),
        encoding="utf-8",
    )


def _find_split(bundle: Path, named: Path | None, examples: "Sequence[Example]") -> "Split | None":
    """The split that was named, else the bundle's own where it is of this data, else none."""
    from tumorscope.datasets.splits import read_split  # noqa: PLC0415
    from tumorscope.domain.errors import DatasetError  # noqa: PLC0415

    if named is not None:
        return read_split(named, examples)
    if not (bundle / _SPLIT_FILE).is_file():
        return None
    try:
        return read_split(bundle / _SPLIT_FILE, examples)
    except DatasetError:
        return None


def _choose(
    examples: "Sequence[Example]", split: "Split | None", part: Part
) -> "tuple[Sequence[Example], Sequence[Example]]":
    """What is judged, and what baselines are fitted on."""
    if split is None or part is Part.ALL:
        return examples, ()
    if part is Part.TRAINING:
        return split.training, ()
    return split.validation, split.training


def _measure_official_split(classifier: "Classifier", data: Path) -> dict[str, Any]:
    """The testing part that a tree of class folders comes with, whole and without twins of training pictures."""
    import numpy as np  # noqa: PLC0415

    from tumorscope.datasets.audit import find_leakage  # noqa: PLC0415
    from tumorscope.datasets.folder import official_split  # noqa: PLC0415
    from tumorscope.evaluation.evaluate import score_examples  # noqa: PLC0415
    from tumorscope.evaluation.measure import summarise  # noqa: PLC0415

    split = official_split(data)
    if split is None:
        return {}
    with Progress(console=Console(stderr=True)) as progress:
        total = len(split.training) + 2 * len(split.validation)
        task = progress.add_task("official split", total=total)
        leaking = find_leakage(split, lambda: progress.advance(task)).validation_examples
        scored = score_examples(classifier, split.validation, lambda: progress.advance(task))
    clean = np.array([example not in leaking for example in split.validation])
    parts = {"official testing part": summarise(scored, "official testing part")}
    if clean.any():
        parts["without twins in training"] = summarise(scored.take(clean), "without twins in training")
    return parts


def _write(
    metrics: dict[str, Any],
    scored: "Scored",
    judged: "Sequence[Example]",
    classifier: "Classifier",
    output: Path,
) -> None:
    from tumorscope.evaluation.plots import draw_plots  # noqa: PLC0415
    from tumorscope.evaluation.report import write_report  # noqa: PLC0415

    output.mkdir(parents=True, exist_ok=True)
    plots = {theme: draw_plots(metrics, theme) for theme in ("light", "dark")}
    for name, png in plots["light"].items():
        (output / f"{name}.png").write_bytes(png)
    (output / "metrics.json").write_text(json.dumps(metrics, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    report = write_report(metrics, plots, _find_mistakes(scored, judged, classifier))
    (output / "report.html").write_text(report, encoding="utf-8")
    console = Console()
    for name, figure in metrics["figures"].items():
        interval = "" if figure["low"] is None else f" ({figure['low']:.3f} to {figure['high']:.3f})"
        console.print(f"{name}: {figure['value']:.3f}{interval}, n={figure['n']}")
    console.print(f"wrote {output / 'report.html'}")


def _find_mistakes(scored: "Scored", judged: "Sequence[Example]", classifier: "Classifier") -> list[tuple[bytes, str]]:
    """The slices that the model was most certain and wrong of, as it saw them."""
    import numpy as np  # noqa: PLC0415

    from tumorscope.datasets.example import read_example  # noqa: PLC0415
    from tumorscope.evaluation.plots import to_words  # noqa: PLC0415
    from tumorscope.imaging.formats.raster import encode_png  # noqa: PLC0415
    from tumorscope.preprocessing.pipeline import to_model_input  # noqa: PLC0415

    wrong = np.flatnonzero(scored.of_known_class & (scored.predicted != scored.labels))
    worst = wrong[np.argsort(-scored.probabilities[wrong].max(axis=1))][:_SHOWN_MISTAKES]
    shown = []
    for row in worst:
        pixels = to_model_input(read_example(judged[row]), classifier.bundle.manifest.preprocessing_parameters).pixels
        words = (
            f"{to_words(scored.labels[row])}, called {to_words(scored.predicted[row])} "
            f"({scored.probabilities[row].max():.2f}); {judged[row].source}"
        )
        shown.append((encode_png((pixels[:, :, 0] * 255).round().astype(np.uint8)), words))
    return shown
