"""``tumorscope export``: a bundle and its data in; the bundle with an int8 form for CPUs out."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tumorscope.commands.calibrate import with_version, write_fitted


def export(
    bundle: Annotated[Path, typer.Argument(help="Folder of the model; its manifest is replaced.")],
    data: Annotated[Path, typer.Argument(help="What it was trained on; the bundle's split says who was held out.")],
    version: Annotated[str | None, typer.Option(help="Of the model from now on, MAJOR.MINOR.PATCH.")] = None,
) -> None:
    """Make the int8 form that a CPU runs, and refuse it where it answers held-out patients otherwise.

    The scope gate is fitted again, so that it holds for both forms alike.
    """
    import numpy as np

    from tumorscope.datasets.discover import discover_examples
    from tumorscope.datasets.example import read_example
    from tumorscope.datasets.splits import read_split
    from tumorscope.evaluation.calibration.trust_layer import (
        CALIBRATION_SLICES,
        fit_trust_layer,
        measure_int8,
        open_int8,
    )
    from tumorscope.inference.engines.tensorflow import TensorFlowEngine
    from tumorscope.model.bundle import SPLIT_FILE, read_bundle
    from tumorscope.model.int8 import convert_to_int8
    from tumorscope.preprocessing.pipeline import to_model_input

    loaded = with_version(read_bundle(bundle), version)
    split = read_split(bundle / SPLIT_FILE, discover_examples(data, tuple(loaded.manifest.class_names)))
    chosen = np.random.default_rng(0).permutation(len(split.training))[:CALIBRATION_SLICES]
    parameters = loaded.manifest.preprocessing_parameters
    pixels = np.stack([to_model_input(read_example(split.training[row]), parameters).pixels for row in chosen])
    with Console(stderr=True).status("converting to int8, which takes some minutes"):
        converted = replace(loaded, int8=convert_to_int8(loaded, pixels))
    if loaded.manifest.trust is not None:
        write_fitted(bundle, fit_trust_layer(converted, split))
        return
    exact = TensorFlowEngine(loaded, exact=True)
    write_fitted(bundle, measure_int8(converted, exact, open_int8(converted), split, lambda: None))
