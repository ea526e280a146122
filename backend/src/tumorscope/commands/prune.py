"""``tumorscope prune``: a bundle and its data in; a bundle of a smaller network out."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from tumorscope.commands.train import DataOption, say_written
from tumorscope.domain.errors import EvaluationError


def prune(
    bundle: Annotated[Path, typer.Argument(help="Folder of the model.")],
    output: Annotated[Path, typer.Option(help="Folder of the smaller model's bundle.")],
    data: DataOption = Path("../shared/data"),
    recipe: Annotated[
        str | None,
        typer.Option(help="Name, or Python file, of the one it was trained by; default: as the bundle names it."),
    ] = None,
    share: Annotated[float, typer.Option(min=0.02, max=1, help="Of the multiply-adds that stay.")] = 0.45,
    version: Annotated[str, typer.Option(help="Version of the smaller model.")] = "0.1.0",
) -> None:
    """Leave out filters of the network; the others are fitted to answer as before.

    `tumorscope export` and `tumorscope calibrate` follow, as after training.
    """
    from tumorscope.commands.calibrate import with_version
    from tumorscope.datasets.splits import read_split
    from tumorscope.evaluation.calibration.release import release
    from tumorscope.inference.engines.tensorflow import TensorFlowEngine
    from tumorscope.model.bundle import SPLIT_FILE, read_bundle, write_bundle
    from tumorscope.training.recipes import load_recipe
    from tumorscope.training.run import run_pruning

    loaded = with_version(read_bundle(bundle), version)
    manifest = loaded.manifest
    if manifest.input.channel_names is not None:
        raise EvaluationError("Models of grey slices are pruned, not those that read several sequences.")
    name = recipe or manifest.training.get("recipe")
    if name is None:
        raise EvaluationError("The bundle does not say by which recipe it was trained: name it with --recipe.")
    trained_by = replace(load_recipe(name), preprocessing=manifest.preprocessing_parameters)
    split = read_split(bundle / SPLIT_FILE, trained_by.read_examples(data))
    trained = run_pruning(loaded.weights, trained_by, split, share)
    record = {**manifest.training, "pruned": {"of": loaded.sha256, **trained.record}}
    described = manifest.model_copy(update={"trust": None, "int8": None, "training": record})
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("evaluating", total=len(split.validation))
        complete, golden_files = release(
            described, trained.weights, split.validation, TensorFlowEngine, lambda: progress.advance(task)
        )
    write_bundle(output, complete, trained.weights, golden_files, {SPLIT_FILE: (bundle / SPLIT_FILE).read_bytes()})
    say_written(complete, output)
    Console(stderr=True).print(f"{trained.record['multiplications']:.0%} of the multiplications are left")
