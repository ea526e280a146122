"""A recipe and its examples in, trained weights and a record of the run out; resumes where it was interrupted."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
from numpy.typing import NDArray
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tumorscope.datasets.splits import Split
from tumorscope.domain.errors import TrainingError
from tumorscope.model.processor import has_bfloat16
from tumorscope.model.vgg16 import CONVOLUTIONS, Precision
from tumorscope.training.batch_norm import adopt_moments, fold_batch_norm
from tumorscope.training.logs import EpochWriter, read_epochs
from tumorscope.training.networks import (
    TUMOR_MAP_LAYER,
    build_plain,
    build_training_network,
    carry_weights,
    to_input,
)
from tumorscope.training.recipe import Recipe, Stage
from tumorscope.training.samples import Sample
from tumorscope.training.stage_samples import find_hard_negatives, prepare_stage
from tumorscope.training.train import EpochLog, Observer, train_stage
from tumorscope.training.warm_start import copy_initial_weights, read_initial_weights, scale_layers

# Of so many samples, spread over all, a layer's scale and moments are seen well enough.
_SAMPLE = 128
_BACKEND_FILE = "backend.txt"
# Of VGG16: thirteen convolutions, the dense layer and the logits.
_LAYERS = sum(CONVOLUTIONS) + 2


@dataclass(frozen=True, slots=True)
class Trained:
    """What a run leaves.

    Parameters
    ----------
    weights : dict of str to ndarray, float32
        Of plain VGG16, by ``layer/variable``.
    record : dict
        For the manifest's ``training``: settings, counts, epochs.
    """

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
    """Train, or resume the interrupted run in the same folder.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    split : Split
        Training and validation part.
    run_folder : Path
        For checkpoints, ``epochs.csv`` and TensorBoard's events.
    initial_weights : Path, 'imagenet' or None
        Where the convolutions start; None: at random.
    leakage_allowed : bool
        Whether the split is known to leak; the record says so.

    Returns
    -------
    Trained
        The last stage's weights, or the mean of several stages'.

    Raises
    ------
    TrainingError
        A part is empty, initial weights are absent, or the run folder holds another run.
    """
    for part, name in ((split.training, "training"), (split.validation, "validation")):
        if not part:
            raise TrainingError(f"The {name} part is empty.")
    settings = _settings(recipe, split, initial_weights)
    _claim_run_folder(run_folder, settings)
    precision: Precision = "mixed_bfloat16" if has_bfloat16() or _has_accelerator() else "float32"
    keras.utils.set_random_seed(recipe.seed)
    with ExitStack() as stack:
        progress = stack.enter_context(_progress())
        writer = stack.enter_context(EpochWriter(run_folder))
        for number, stage in enumerate(recipe.stages):
            finished = run_folder / f"stage{number}.weights.h5"
            if finished.is_file():
                continue
            samples, validation = prepare_stage(recipe, split, number, progress)
            network = _build(recipe, stage, precision, samples, initial_weights, run_folder, number)
            hard_negatives = find_hard_negatives(network, recipe, number, samples, run_folder)
            observer = _observer(recipe, number, progress, writer)
            train_stage(network, recipe, number, samples, validation, run_folder, observer, hard_negatives)
            network.save_weights(finished)
    ends = [
        _read_end(recipe, number, precision, run_folder)
        for number in recipe.averaged_stages or (len(recipe.stages) - 1,)
    ]
    weights = {name: np.stack([end[name] for end in ends]).mean(axis=0) for name in ends[0]}
    return Trained(weights, _record(split, settings, run_folder, leakage_allowed))


def _read_end(recipe: Recipe, number: int, precision: Precision, run_folder: Path) -> dict[str, NDArray[np.float32]]:
    """The weights of plain VGG16 that a finished stage ended with, by ``layer/variable``."""
    stage = recipe.stages[number]
    plain = build_plain(len(recipe.class_names), stage.size, stage.frozen_convolutions, precision)
    network = _build_training_network(recipe, stage, plain, precision)
    network.load_weights(run_folder / f"stage{number}.weights.h5")
    folded = build_plain(len(recipe.class_names), stage.size, 0, "float32")
    fold_batch_norm(network, folded)
    return {variable.path: keras.ops.convert_to_numpy(variable) for variable in folded.weights}


def _build(
    recipe: Recipe,
    stage: Stage,
    precision: Precision,
    samples: Sequence[Sample],
    initial_weights: Path | Literal["imagenet"] | None,
    run_folder: Path,
    number: int,
) -> keras.Model:
    """The stage's network with the weights it starts from: the stage's before, or the initial ones."""
    sample = to_input(np.stack([one.pixels for one in samples[:: max(1, len(samples) // _SAMPLE)]]))

    def build(of: Stage) -> keras.Model:
        plain = build_plain(len(recipe.class_names), of.size, of.frozen_convolutions, precision)
        if number == 0:
            copied = (
                0 if initial_weights is None else copy_initial_weights(plain, read_initial_weights(initial_weights))
            )
            if of.attribution_weight > 0 and copied < _LAYERS:
                raise TrainingError("A stage with the attribution-guided loss follows one of its own size.")
            # Published convolutions stay as they are, unless a normalisation and a tumour map are to lie on them.
            is_kept = copied == _LAYERS or (copied == sum(CONVOLUTIONS) and not recipe.batch_norm)
            scale_layers(plain, sample, copied if is_kept else 0)
            network = _build_training_network(recipe, of, plain, precision)
            if recipe.batch_norm and of.attribution_weight == 0 and copied >= sum(CONVOLUTIONS):
                adopt_moments(network, sample)
            return network
        return _build_training_network(recipe, of, plain, precision)

    if number == 0:
        return build(stage)
    before = recipe.stages[number - 1]
    finished = run_folder / f"stage{number - 1}.weights.h5"
    if stage.attribution_weight == 0 and before.attribution_weight == 0:
        # Which layers are frozen decides which have a normalisation: both must have the same.
        network, source = build(stage), build(replace(stage, size=before.size))
        source.load_weights(finished)
        carry_weights(source, network)
        return network
    if before.size != stage.size:
        raise TrainingError("A stage with the attribution-guided loss has the size of the stages beside it.")
    source = build(before)
    source.load_weights(finished)
    return _build_from_folded(recipe, stage, precision, source, sample)


def _build_training_network(recipe: Recipe, stage: Stage, plain: keras.Model, precision: Precision) -> keras.Model:
    attribution = stage.attribution_weight > 0
    return build_training_network(
        plain,
        precision,
        batch_norm=recipe.batch_norm and not attribution,
        tumor_map=recipe.tumor_map_weight > 0,
        attribution=attribution,
    )


def _build_from_folded(
    recipe: Recipe, stage: Stage, precision: Precision, source: keras.Model, sample: NDArray[np.float32]
) -> keras.Model:
    """The network of a stage with the attribution-guided loss, or after one; starts where the last ended."""
    plain = build_plain(len(recipe.class_names), stage.size, stage.frozen_convolutions, precision)
    fold_batch_norm(source, plain)
    network = _build_training_network(recipe, stage, plain, precision)
    if recipe.batch_norm and stage.attribution_weight == 0:
        adopt_moments(network, sample)
    if recipe.tumor_map_weight > 0:
        network.get_layer(TUMOR_MAP_LAYER).set_weights(source.get_layer(TUMOR_MAP_LAYER).get_weights())
    return network


def _observer(recipe: Recipe, number: int, progress: Progress, writer: EpochWriter) -> Observer:
    stage = recipe.stages[number]
    label = f"training at {stage.size}x{stage.size}"
    task = progress.add_task(label, total=None)

    def start_epoch(steps: int) -> None:
        progress.reset(task, total=steps)

    def finish_step(loss: float) -> None:
        progress.update(task, advance=1, description=f"{label}, loss {loss:.3f}")

    def finish_epoch(log: EpochLog) -> None:
        writer.write(log)
        progress.console.print(
            f"{log.size}x{log.size} epoch {log.epoch} of {stage.epochs}: loss {log.training_loss:.3f}, "
            f"validation loss {log.validation_loss:.3f}, accuracy {log.validation_accuracy:.3f}"
        )

    return Observer(start_epoch, finish_step, finish_epoch)


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
        "epochs": read_epochs(run_folder),
    }


def _has_accelerator() -> bool:
    return any(not name.lower().startswith("cpu") for name in keras.distribution.list_devices())


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    )
