"""``tumorscope train``: a recipe and data in, a bundle out."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

DataOption = Annotated[Path, typer.Option(envvar="TUMORSCOPE_DATA", help="Folder that holds slices.csv.")]


def train(
    data: DataOption = Path("../shared/data"),
    output: Annotated[Path, typer.Option(help="Folder of the bundle that is written.")] = Path(
        "backend/models/default"
    ),
    run_folder: Annotated[Path, typer.Option(help="Checkpoints; a run found there goes on.")] = Path("runs/plain"),
    initial_weights: Annotated[
        Path | None, typer.Option(help="Lower convolutions; by default the data folder's.")
    ] = None,
    version: Annotated[str, typer.Option(help="Version of the model.")] = "0.1.0",
) -> None:
    """Train the plain recipe and write its bundle."""
    from tumorscope.evaluation.release import release  # noqa: PLC0415
    from tumorscope.inference.engines.tensorflow import TensorFlowEngine  # noqa: PLC0415
    from tumorscope.model.bundle import write_bundle  # noqa: PLC0415
    from tumorscope.training.recipes import plain  # noqa: PLC0415

    weights = initial_weights or data / "weights" / "vgg19_imagenet_blocks1to3.npz"
    trained = plain.train(data, run_folder, weights)
    console = Console(stderr=True)
    validation = trained.split.validation
    with Progress(console=console) as progress:
        task = progress.add_task("evaluating", total=len(validation))
        described = plain.describe(trained, version)
        manifest, golden_files = release(
            described, trained.weights, validation, TensorFlowEngine, lambda: progress.advance(task)
        )
    write_bundle(output, manifest, trained.weights, golden_files)
    for name, figure in manifest.metrics["figures"].items():
        console.print(f"{name}: {figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f}), n={figure['n']}")
    console.print(f"wrote {output}")
