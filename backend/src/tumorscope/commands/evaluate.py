"""``tumorscope evaluate``: a bundle and data in; report, plots and figures out."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import Progress


def evaluate(
    bundle: Annotated[Path, typer.Argument(help="Folder of the model.")],
    data: Annotated[Path, typer.Argument(help="A CSV, a folder with slices.csv, class folders, or prepared BraTS.")],
    output: Annotated[Path, typer.Option(help="Folder for report.html, the plots and metrics.json.")] = Path(
        "runs/evaluation"
    ),
    split: Annotated[
        Path | None, typer.Option(help="Split file; default: the bundle's own, if it is of this data.")
    ] = None,
    part: Annotated[
        Literal["validation", "training", "all"] | None,
        typer.Option(help="Default: validation where there is a split, else all."),
    ] = None,
    into_bundle: Annotated[bool, typer.Option(help="Write the figures into the bundle's manifest too.")] = False,
) -> None:
    """Measure what a model answers, by the pipeline that serves, and write a report."""
    from tumorscope.commands.calibrate import replace_bundle
    from tumorscope.evaluation.data import choose_data
    from tumorscope.evaluation.measure import measure
    from tumorscope.evaluation.metrics.summary import summarise_for_manifest
    from tumorscope.evaluation.report.plots import draw_plots
    from tumorscope.evaluation.report.report import find_mistakes, write_report
    from tumorscope.inference.classifier import Classifier
    from tumorscope.inference.engines.choose import open_engine
    from tumorscope.model.bundle import read_bundle

    loaded = read_bundle(bundle)
    chosen = choose_data(bundle, loaded.manifest, data, split, part)
    classifier = Classifier(loaded, open_engine(loaded).engine)
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("evaluating", total=chosen.steps)
        metrics, scored = measure(classifier, chosen, lambda: progress.advance(task))
    named = "" if split is None else f" --split {split.name}"
    # The names of files, and not where they lie.
    metrics["command"] = (
        f"tumorscope evaluate {bundle.resolve().name} {data.resolve().name}{named} --part {chosen.part_name}"
    )
    if into_bundle:
        stated = summarise_for_manifest(scored, classifier.engine.name)
        stated = {**loaded.manifest.metrics, **stated, "decisions": metrics["decisions"]}
        if chosen.chose_calibration:
            stated["calibration_fitted"] = "on the other four fifths of the patients; 'ece_uncalibrated' is before it"
        metrics["model"]["sha256"] = replace_bundle(bundle, loaded, {"metrics": stated})
    output.mkdir(parents=True, exist_ok=True)
    plots = draw_plots(metrics)
    for name, png in plots.items():
        (output / f"{name}.png").write_bytes(png)
    (output / "metrics.json").write_text(json.dumps(metrics, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    report = write_report(metrics, plots, find_mistakes(scored, chosen.part, classifier))
    (output / "report.html").write_text(report, encoding="utf-8")
    console = Console()
    for unit, rows in metrics["decisions"].items():
        for row in (row for row in rows if row["by"] == "all"):
            answers = ", ".join(f"{name} {row[name]}" for name in ("tumor", "no_tumor", "uncertain", "refused"))
            console.print(f"{row['name']}, {row['truth']}: {row['count']} {unit}: {answers}; right {row['right']}")
    console.print(f"wrote {output / 'report.html'}")
