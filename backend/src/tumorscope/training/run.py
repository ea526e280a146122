"""A recipe and its examples in, trained weights and a record of the run out; resumes where it was interrupted."""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
from numpy.typing import NDArray
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from tensorboardX import SummaryWriter

from tumorscope.datasets.splits import Split
from tumorscope.domain.errors import TrainingError
from tumorscope.model.manifest import DataManifest, InputManifest, Manifest, PreprocessingManifest
from tumorscope.model.processor import has_bfloat16
from tumorscope.model.vgg16 import Precision
from tumorscope.model.vgg16_layers import CONVOLUTION_NAMES
from tumorscope.training.networks import to_input
from tumorscope.training.pruning import PRUNING_SLICES, Weights, prune, share_of_multiplications
from tumorscope.training.recipe import Recipe, Stage
from tumorscope.training.samples import compose_epoch
from tumorscope.training.stage_networks import build_stage_network, read_final_weights
from tumorscope.training.stage_samples import find_hard_negatives, prepare_stage
from tumorscope.training.train import EpochLog, Observer, train_stage

_BACKEND_FILE = "backend.txt"
# float32 and bfloat16 engines differ by less; another network, or another preprocessing, by more.
_GOLDEN_TOLERANCE = 0.03
_EPOCHS_FILE = "epochs.csv"


@dataclass(frozen=True, slots=True)
class Trained:
    """What a run leaves: weights of plain VGG16 by ``layer/variable``, and the record for the manifest."""

    weights: dict[str, NDArray[np.float32]]
    record: dict[str, Any]


def run_recipe(
    recipe: Recipe,
    split: Split,
    run_folder: Path,
    initial_weights: Path | Literal["imagenet"] | None,
    *,
    leakage_allowed: bool = False,
) -> Trained:
    """Train, or resume the interrupted run in the same folder; without initial weights, convolutions start at random.

    Raises
    ------
    TrainingError
        A part is empty, initial weights are absent, or the run folder holds another run.
    """
    _check_parts(split)
    settings = _settings(recipe, split, initial_weights)
    _claim_run_folder(run_folder, settings)
    precision: Precision = "mixed_bfloat16" if has_bfloat16() or _has_accelerator() else "float32"
    keras.utils.set_random_seed(recipe.seed)
    with _progress() as progress, SummaryWriter(str(run_folder / "tensorboard")) as events:
        for number, stage in enumerate(recipe.stages):
            finished = run_folder / f"stage{number}.weights.h5"
            if finished.is_file():
                continue
            samples, validation = prepare_stage(recipe, split, number, progress)
            network = build_stage_network(recipe, number, precision, samples, initial_weights, run_folder)
            hard_negatives = find_hard_negatives(network, recipe, number, samples, run_folder)
            observer = _observer(stage, progress, lambda log: write_epoch(run_folder, events, log))
            train_stage(network, recipe, number, samples, validation, run_folder, observer, hard_negatives)
            network.save_weights(finished)
    ends = [
        read_final_weights(recipe, number, precision, run_folder)
        for number in recipe.averaged_stages or (len(recipe.stages) - 1,)
    ]
    weights = {name: np.stack([end[name] for end in ends]).mean(axis=0) for name in ends[0]}
    return Trained(weights, _record(split, settings, run_folder, leakage_allowed))


def run_pruning(weights: Weights, recipe: Recipe, split: Split, share: float) -> Trained:
    """Prune a network that this recipe trained, by what an epoch of its last stage shows.

    Parameters
    ----------
    share : float
        Of the multiply-adds that stay, at most.

    Raises
    ------
    TrainingError
        A part is empty.
    """
    _check_parts(split)
    number = len(recipe.stages) - 1
    rng = np.random.default_rng(recipe.seed)
    with _progress() as progress:
        samples, _ = prepare_stage(recipe, split, number, progress)
        epoch = compose_epoch(samples, recipe.stages[number].mixture, rng)
        shown = [one.pixels for kind in epoch.values() for one in kind]
        drawn = [shown[i] for i in rng.permutation(len(shown))[:PRUNING_SLICES]]
        task = progress.add_task("fitting layers", total=len(CONVOLUTION_NAMES) + 1)
        pruned = prune(weights, to_input(np.stack(drawn)), share, lambda: progress.advance(task))
    left = share_of_multiplications(pruned, weights)
    return Trained(pruned, {"share": share, "slices": len(drawn), "multiplications": round(left, 3)})


def describe(recipe: Recipe, trained: Trained, version: str) -> Manifest:
    """The manifest of a trained model at temperature 1, without what `evaluation.calibration.release` measures."""
    preprocessing = recipe.preprocessing
    lower, upper = preprocessing.percentiles
    return Manifest(
        name=recipe.card.model_name,
        version=version,
        class_names=list(recipe.class_names),
        input=InputManifest(
            size=recipe.stages[-1].size,
            channel_names=None if preprocessing.channels is None else list(preprocessing.channels),
        ),
        preprocessing=PreprocessingManifest(
            lower_percentile=lower,
            upper_percentile=upper,
            head_margin=preprocessing.head_margin,
            intensity=preprocessing.intensity,
        ),
        temperature=1.0,
        tumor_threshold=0.5,
        intended_use=recipe.card.intended_use,
        limits=list(recipe.card.limits),
        license=recipe.card.license,
        data=[
            DataManifest(name=name, license=license_name, used_for=used_for)
            for name, license_name, used_for in recipe.card.data
        ],
        training=trained.record,
        metrics={},
        golden_tolerance=_GOLDEN_TOLERANCE,
        golden=[],
        files={},
    )


def _observer(stage: Stage, progress: Progress, write: Callable[[EpochLog], None]) -> Observer:
    label = f"training at {stage.size}x{stage.size}"
    task = progress.add_task(label, total=None)

    def finish_epoch(log: EpochLog) -> None:
        write(log)
        progress.console.print(
            f"{log.size}x{log.size} epoch {log.epoch} of {stage.epochs}: loss {log.training_loss:.3f}, "
            f"validation loss {log.validation_loss:.3f}, accuracy {log.validation_accuracy:.3f}"
        )

    return Observer(
        lambda steps: progress.reset(task, total=steps),
        lambda loss: progress.update(task, advance=1, description=f"{label}, loss {loss:.3f}"),
        finish_epoch,
    )


def _check_parts(split: Split) -> None:
    for part, name in ((split.training, "training"), (split.validation, "validation")):
        if not part:
            raise TrainingError(f"The {name} part is empty.")


def _settings(recipe: Recipe, split: Split, initial_weights: Path | Literal["imagenet"] | None) -> dict[str, Any]:
    """What two runs must share to be the same."""
    if isinstance(initial_weights, Path):
        if not initial_weights.is_file():
            raise TrainingError(f"{initial_weights} is absent; say where initial weights are with --initial-weights.")
        initial = hashlib.sha256(initial_weights.read_bytes()).hexdigest()
    else:
        initial = initial_weights or "random"
    return {
        "recipe": recipe.name,
        "class_names": list(recipe.class_names),
        "preprocessing": asdict(recipe.preprocessing),
        "stages": [asdict(stage) for stage in recipe.stages],
        "augmentations": {step.name: step.probability for step in recipe.augmentations},
        "batch_norm": recipe.batch_norm,
        "averaged_stages": list(recipe.averaged_stages),
        "tumor_map_weight": recipe.tumor_map_weight,
        "batch_size": recipe.batch_size,
        "label_smoothing": recipe.label_smoothing,
        "weight_decay": recipe.weight_decay,
        "seed": recipe.seed,
        "initial_weights": initial,
        "split_sha256": split.sha256,
    }


def _claim_run_folder(run_folder: Path, settings: dict[str, Any]) -> None:
    """Record what the run is; resuming another run's weights would give a bundle with a false record."""
    run_folder.mkdir(parents=True, exist_ok=True)
    note = run_folder / "settings.json"
    text = json.dumps(settings, indent=2)
    if not note.is_file():
        (run_folder / _BACKEND_FILE).write_text(keras.backend.backend(), encoding="utf-8")
        note.write_text(text, encoding="utf-8")
    elif note.read_text(encoding="utf-8") != text:
        raise TrainingError(f"{run_folder} holds a run of other data or settings; remove it or name another folder.")


def _record(split: Split, settings: dict[str, Any], run_folder: Path, leakage_allowed: bool) -> dict[str, Any]:
    """What the manifest says of the run."""
    return {
        **settings,
        "backend": (run_folder / _BACKEND_FILE).read_text(encoding="utf-8"),
        "leakage_allowed": leakage_allowed,
        "training_slices": dict(Counter(example.label for example in split.training)),
        "training_patients": len({example.patient_id for example in split.training}),
        "validation_slices": dict(Counter(example.label for example in split.validation)),
        "validation_patients": len({example.patient_id for example in split.validation}),
        "epochs": _read_epochs(run_folder),
    }


def _has_accelerator() -> bool:
    return any(not name.lower().startswith("cpu") for name in keras.distribution.list_devices())


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    )


def write_epoch(run_folder: Path, events: SummaryWriter, log: EpochLog) -> None:
    """Append one epoch to the run folder's ``epochs.csv`` and to TensorBoard's events."""
    row, table = asdict(log), run_folder / _EPOCHS_FILE
    is_new = not table.is_file()
    step = 1 if is_new else len(_read_epochs(run_folder)) + 1
    with table.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, row)
        if is_new:
            writer.writeheader()
        writer.writerow({name: round(value, 6) for name, value in row.items()})
    for name in ("learning_rate", "training_loss", "validation_loss", "validation_accuracy"):
        events.add_scalar(name, row[name], step)


def _read_epochs(run_folder: Path) -> list[dict[str, float]]:
    """The rows of ``epochs.csv``, first to last."""
    with (run_folder / _EPOCHS_FILE).open(newline="", encoding="utf-8") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
