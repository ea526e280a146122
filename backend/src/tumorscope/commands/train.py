"""``tumorscope train``: a recipe and data in, a bundle out."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.progress import Progress

from tumorscope.domain.errors import TrainingError

if TYPE_CHECKING:
    from tumorscope.datasets.splits import Split
    from tumorscope.model.manifest import Manifest
    from tumorscope.training.recipe import Recipe
    from tumorscope.training.run import Trained

DataOption = Annotated[
    Path,
    typer.Option(envvar="TUMORSCOPE_DATA", help="A folder with slices.csv, a CSV, class folders, or prepared BraTS."),
]


def train(
    recipe: Annotated[str, typer.Argument(help="Name of a recipe, or a Python file that holds a RECIPE.")],
    data: DataOption = Path("../shared/data"),
    output: Annotated[Path | None, typer.Option(help="Folder of the bundle; default: models/NAME.")] = None,
    run_folder: Annotated[Path | None, typer.Option(help="Checkpoints and logs; default: runs/NAME.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that the run folder holds.")] = False,
    initial_weights: Annotated[
        Path | None, typer.Option(help="Convolutions to start from: .npz, or Keras' VGG16 without top as .h5.")
    ] = None,
    split: Annotated[Path | None, typer.Option(help="Split file; default: the recipe's seeded split.")] = None,
    allow_leakage: Annotated[
        bool, typer.Option("--allow-leakage", help="Train on a split that leaks; the model card will say so.")
    ] = False,
    set_leaks_aside: Annotated[
        bool, typer.Option("--set-leaks-aside", help="Leave held-out pictures that training has too out of both parts.")
    ] = False,
    licences: Annotated[
        Literal["all", "open"],
        typer.Option(help="open: no source that forbids commercial use or comes with terms."),
    ] = "all",
    version: Annotated[str, typer.Option(help="Version of the model.")] = "0.1.0",
) -> None:
    """Train a recipe and write its bundle.

    Interrupted, a run goes on with --resume. KERAS_BACKEND chooses tensorflow, jax or torch; the bundle's figures are
    always measured with the TensorFlow engine, which serves.
    """
    from tumorscope.datasets.splits import read_split, split_by_patient, write_split
    from tumorscope.training.recipes import load_recipe
    from tumorscope.training.run import run_recipe

    loaded = _take_channels(load_recipe(recipe), data)
    if licences == "open":
        loaded = _leave_out_closed(loaded)
    folder = run_folder or Path("runs") / loaded.name
    if (folder / "settings.json").is_file() and not resume:
        raise TrainingError(f"{folder} holds a run already: go on with --resume, or name another --run-folder.")
    examples = list(loaded.read_examples(data))
    parted = read_split(split, examples) if split else split_by_patient(examples, loaded.validation_share, loaded.seed)
    examples_split, leaks = _check_leakage(parted, allow_leakage, set_leaks_aside)
    folder.mkdir(parents=True, exist_ok=True)
    write_split(examples_split, folder / "split.json")
    trained = run_recipe(
        loaded, examples_split, folder, _find_initial_weights(loaded, data, initial_weights), leakage_allowed=leaks
    )
    if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":
        _release(loaded, trained, examples_split, folder, output or Path("models") / loaded.name, version)
    else:
        _release_with_tensorflow()


def _take_channels(recipe: "Recipe", data: Path) -> "Recipe":
    """The recipe for the sequences that the prepared cases hold, where it reads several."""
    from tumorscope.datasets.brats_cache import SETTINGS_FILE, read_settings

    if recipe.preprocessing.channels is None or not (data / SETTINGS_FILE).is_file():
        return recipe
    return replace(recipe, preprocessing=replace(recipe.preprocessing, channels=read_settings(data).channels))


def _leave_out_closed(recipe: "Recipe") -> "Recipe":
    """The recipe without the sources whose licence is not open."""
    from tumorscope.datasets.discover import OPEN_LICENCES, keep_open

    data = tuple(source for source in recipe.card.data if source[1] in OPEN_LICENCES)
    return replace(
        recipe,
        read_examples=lambda path: keep_open(recipe.read_examples(path)),
        card=replace(recipe.card, license="CC-BY-4.0", data=data),
    )


def _check_leakage(split: "Split", allowed: bool, set_aside: bool) -> "tuple[Split, bool]":
    """The split to train on, and whether it leaks; an error where it does and that is neither allowed nor mended."""
    from tumorscope.datasets.audit import find_leakage
    from tumorscope.datasets.splits import set_patients_aside

    console = Console(stderr=True)
    with Progress(console=console) as progress:
        task = progress.add_task("looking for leakage", total=len(split.training) + len(split.validation))
        leakage = find_leakage(split, lambda: progress.advance(task))
    if leakage.found and set_aside:
        console.print(f"{leakage.summary} What leaks is set aside.")
        return set_patients_aside(split, {example.patient_id for example in leakage.validation_examples}), False
    if leakage.found and not allowed:
        raise TrainingError(
            f"The split leaks: {leakage.summary} `tumorscope audit` shows them; --set-leaks-aside judges without them, "
            "--allow-leakage trains all the same."
        )
    return split, leakage.found


def _find_initial_weights(recipe: "Recipe", data: Path, given: Path | None) -> Path | Literal["imagenet"] | None:
    if given is not None or recipe.initial_weights == "none":
        return given
    return "imagenet" if recipe.initial_weights == "imagenet" else data / "weights" / "vgg16_imagenet_notop.npz"


def _release(
    recipe: "Recipe", trained: "Trained", split: "Split", run_folder: Path, output: Path, version: str
) -> None:
    from tumorscope.evaluation.calibration.release import release
    from tumorscope.inference.engines.tensorflow import TensorFlowEngine
    from tumorscope.model.bundle import write_bundle
    from tumorscope.training.run import describe

    console = Console(stderr=True)
    with Progress(console=console) as progress:
        task = progress.add_task("evaluating", total=len(split.validation))
        manifest, golden_files = release(
            describe(recipe, trained, version),
            trained.weights,
            split.validation,
            TensorFlowEngine,
            lambda: progress.advance(task),
        )
    attached = {"split.json": (run_folder / "split.json").read_bytes()}
    write_bundle(output, manifest, trained.weights, golden_files, attached)
    say_written(manifest, output)


def say_written(manifest: "Manifest", folder: Path) -> None:
    """Print a new bundle's figures on held-out patients, and where it is."""
    console = Console(stderr=True)
    for name, figure in manifest.metrics["figures"].items():
        console.print(f"{name}: {figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f}), n={figure['n']}")
    console.print(f"wrote {folder}")


def _release_with_tensorflow() -> None:
    """The same command again, with the run finished: Keras has one backend for the life of a process."""
    command = [sys.executable, "-m", "tumorscope", *sys.argv[1:]]
    if "--resume" not in command:
        command.append("--resume")
    ended = subprocess.run(command, env={**os.environ, "KERAS_BACKEND": "tensorflow"}, check=False)  # noqa: S603
    if ended.returncode:
        raise TrainingError(
            "The weights are trained and in the run folder; without TensorFlow here, write the bundle where it is "
            "installed: the same command with --resume and KERAS_BACKEND=tensorflow."
        )
