"""``tumorscope evaluate``: a bundle and data in; report, plots and figures out."""

import json
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
    from tumorscope.evaluation.metrics.scored import Scored
    from tumorscope.inference.classifier import Classifier

_SPLIT_FILE = "split.json"


class Part(StrEnum):
    """Which part of a split is evaluated."""

    VALIDATION = "validation"
    TRAINING = "training"
    ALL = "all"


def evaluate(
    bundle: Annotated[Path, typer.Argument(help="Folder of the model.")],
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
    from tumorscope.inference.engines.choose import open_engine  # noqa: PLC0415
    from tumorscope.model.bundle import read_bundle  # noqa: PLC0415

    loaded = read_bundle(bundle)
    examples = discover_examples(data, tuple(loaded.manifest.class_names))
    parted = _find_split(bundle, split, examples)
    if parted is None and part not in {None, Part.ALL}:
        raise EvaluationError("There is no split of this data: name one with --split, or evaluate --part all.")
    wanted = part or (Part.ALL if parted is None else Part.VALIDATION)
    judged, others = _choose(examples, parted, wanted)
    classifier = Classifier(loaded, open_engine(loaded).engine)
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("evaluating", total=len(judged) * (2 if others else 1) + len(others))
        metrics, scored = measure(classifier, judged, others, wanted.value, lambda: progress.advance(task))
    metrics["data"]["split_sha256"] = None if parted is None or wanted is Part.ALL else parted.sha256
    metrics["command"] = _name_command(bundle, data, split, wanted)
    official = _measure_official_split(classifier, data)
    if official:
        metrics["official_split"] = official
    _write(metrics, scored, judged, classifier, output)


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
    """The figures of a tree's own testing part; nothing where it has none."""
    from tumorscope.datasets.folder import official_split  # noqa: PLC0415
    from tumorscope.evaluation.official import measure_official_split  # noqa: PLC0415

    split = official_split(data)
    if split is None:
        return {}
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("official split", total=len(split.training) + 2 * len(split.validation))
        return measure_official_split(classifier, split, lambda: progress.advance(task))


def _name_command(bundle: Path, data: Path, split: Path | None, part: Part) -> str:
    """What was asked for, with the names of files and not where they lie."""
    named = "" if split is None else f" --split {split.name}"
    return f"tumorscope evaluate {bundle.resolve().name} {data.resolve().name}{named} --part {part.value}"


def _write(
    metrics: dict[str, Any],
    scored: "Scored",
    judged: "Sequence[Example]",
    classifier: "Classifier",
    output: Path,
) -> None:
    from tumorscope.evaluation.report.html_page import write_report  # noqa: PLC0415
    from tumorscope.evaluation.report.mistakes import find_mistakes  # noqa: PLC0415
    from tumorscope.evaluation.report.plots import draw_plots  # noqa: PLC0415

    output.mkdir(parents=True, exist_ok=True)
    plots = {theme: draw_plots(metrics, theme) for theme in ("light", "dark")}
    for name, png in plots["light"].items():
        (output / f"{name}.png").write_bytes(png)
    (output / "metrics.json").write_text(json.dumps(metrics, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    report = write_report(metrics, plots, find_mistakes(scored, judged, classifier))
    (output / "report.html").write_text(report, encoding="utf-8")
    console = Console()
    for name, figure in metrics["figures"].items():
        interval = "" if figure["low"] is None else f" ({figure['low']:.3f} to {figure['high']:.3f})"
        console.print(f"{name}: {figure['value']:.3f}{interval}, n={figure['n']}")
    console.print(f"wrote {output / 'report.html'}")
