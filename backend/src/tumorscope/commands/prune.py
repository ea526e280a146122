"""``tumorscope prune``: a bundle and its data in; a bundle of a smaller network out."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from tumorscope.domain.errors import EvaluationError

_SLICES = 1600


def prune(
    bundle: Annotated[Path, typer.Argument(help="Folder of the model.")],
    data: Annotated[Path, typer.Argument(help="What it was trained on; the bundle's split says who was held out.")],
    output: Annotated[Path, typer.Option(help="Folder of the smaller model's bundle.")],
    share: Annotated[float, typer.Option(min=0.1, max=1, help="Of the filters of each layer that stay.")] = 0.6,
    version: Annotated[str, typer.Option(help="Version of the smaller model.")] = "0.1.0",
) -> None:
    """Leave out filters of the network, and fit the others to answer as before.

    `tumorscope export` and `tumorscope calibrate` follow, as after training.
    """
    import numpy as np

    from tumorscope.commands.calibrate import with_version
    from tumorscope.commands.train import say_written
    from tumorscope.datasets.discover import discover_examples
    from tumorscope.datasets.example import read_example
    from tumorscope.datasets.splits import read_split
    from tumorscope.evaluation.calibration.release import release
    from tumorscope.inference.engines.tensorflow import TensorFlowEngine
    from tumorscope.model.bundle import SPLIT_FILE, read_bundle, write_bundle
    from tumorscope.model.vgg16_layers import CONVOLUTION_NAMES
    from tumorscope.preprocessing.pipeline import to_model_input
    from tumorscope.training import pruning

    loaded = with_version(read_bundle(bundle), version)
    manifest = loaded.manifest
    if manifest.input.channel_names is not None:
        raise EvaluationError("Models of grey slices are pruned, not those that read several sequences.")
    split = read_split(bundle / SPLIT_FILE, discover_examples(data, tuple(manifest.class_names)))
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("reading slices", total=min(_SLICES, len(split.training)))
        drawn = np.random.default_rng(0).permutation(len(split.training))[:_SLICES]
        pixels = []
        for row in drawn:
            example = read_example(split.training[row])
            pixels.append(to_model_input(example, manifest.preprocessing_parameters).pixels)
            progress.advance(task)
        task = progress.add_task("pruning", total=len(CONVOLUTION_NAMES) + 1)
        weights = pruning.prune(loaded.weights, np.stack(pixels), share, lambda: progress.advance(task))
        task = progress.add_task("evaluating", total=len(split.validation))
        size = manifest.input.size
        left = pruning.count_multiplications(weights, size) / pruning.count_multiplications(loaded.weights, size)
        record = {"share": share, "slices": len(pixels), "multiplications": round(left, 3), "of": loaded.sha256}
        described = manifest.model_copy(
            update={"trust": None, "int8": None, "training": {**manifest.training, "pruned": record}}
        )
        complete, golden_files = release(
            described, weights, split.validation, TensorFlowEngine, lambda: progress.advance(task)
        )
    write_bundle(output, complete, weights, golden_files, {SPLIT_FILE: (bundle / SPLIT_FILE).read_bytes()})
    say_written(complete, output)
    Console(stderr=True).print(f"{left:.0%} of the multiplications are left")
