"""Pictures and a stage's numbers in, a trained network out; can be interrupted and resumed."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from scipy.special import logsumexp

from tumorscope.training.batches import Batch, draw_batches
from tumorscope.training.loss import attribution_loss, label_set_loss, tumor_map_loss
from tumorscope.training.networks import ATTRIBUTION_LAYER, TUMOR_MAP_LAYER, predict_logits
from tumorscope.training.recipe import Recipe, Stage
from tumorscope.training.samples import Sample, compose_epoch, mark_allowed

_GRADIENT_NORM = 1.0
_RECENT_STEPS = 200


@dataclass(frozen=True, slots=True)
class _Position:
    """Where a run stands: least validation loss of the stage so far, and epochs since then, for early stopping."""

    stage: int
    epochs_done: int = 0
    best_loss: float = float("inf")
    epochs_since_best: int = 0


@dataclass(frozen=True, slots=True)
class EpochLog:
    """What one epoch brought; the losses are without the map's."""

    stage: int
    epoch: int
    size: int
    samples: int
    learning_rate: float
    training_loss: float
    validation_loss: float
    validation_accuracy: float


@dataclass(frozen=True, slots=True)
class Observer:
    """Callbacks that report the steps of an epoch, the mean loss of the last steps, and what the epoch brought."""

    start_epoch: Callable[[int], None]
    finish_step: Callable[[float], None]
    finish_epoch: Callable[[EpochLog], None]


def train_stage(
    network: keras.Model,
    recipe: Recipe,
    number: int,
    samples: Sequence[Sample],
    validation: Sequence[Sample],
    run_folder: Path,
    observer: Observer,
    hard_negatives: Sequence[Sample] = (),
) -> None:
    """Train a network through one stage, in place.

    Each epoch ends with a checkpoint. If the run folder has one of this stage, training resumes from it with the same
    batches as an uninterrupted run, since every epoch has its own seed.
    """
    stage = recipe.stages[number]
    epoch_samples = _mix(samples, recipe, number, 0, hard_negatives)
    schedule = warmup_cosine(stage, math.ceil(len(epoch_samples) / recipe.batch_size))
    _compile(network, recipe, schedule, stage.attribution_weight)
    checkpoint, best = run_folder / "checkpoint.npz", run_folder / "best.weights.h5"
    position = _restore_checkpoint(network, number, checkpoint)
    for epoch in range(position.epochs_done, stage.epochs):
        if stage.patience is not None and position.epochs_since_best >= stage.patience:
            break
        epoch_samples = _mix(samples, recipe, number, epoch, hard_negatives)
        observer.start_epoch(math.ceil(len(epoch_samples) / recipe.batch_size))
        losses: list[float] = []
        for batch in draw_batches(
            epoch_samples, recipe.class_names, recipe.augmentations, recipe.batch_size, (recipe.seed, number, epoch)
        ):
            losses.append(_train_step(network, batch))
            observer.finish_step(float(np.mean(losses[-_RECENT_STEPS:])))
        loss, accuracy = _validate(network, validation, recipe.class_names)
        improved = loss < position.best_loss
        position = replace(
            position,
            epochs_done=epoch + 1,
            best_loss=min(loss, position.best_loss),
            epochs_since_best=0 if improved else position.epochs_since_best + 1,
        )
        if stage.patience is not None and improved:
            network.save_weights(best)
        _save_checkpoint(network, position, checkpoint)
        rate = float(keras.ops.convert_to_numpy(network.optimizer.learning_rate))
        mean_loss = float(np.mean(losses))
        observer.finish_epoch(
            EpochLog(number, epoch + 1, stage.size, len(epoch_samples), rate, mean_loss, loss, accuracy)
        )
    if stage.patience is not None and position.epochs_since_best > 0:
        network.load_weights(best)


def warmup_cosine(stage: Stage, steps_per_epoch: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """The stage's learning rate, step by step."""
    total = stage.epochs * steps_per_epoch
    warmup = max(1, round(stage.warmup_epochs * steps_per_epoch))
    return keras.optimizers.schedules.CosineDecay(
        stage.peak_learning_rate / 100,
        max(1, total - warmup),
        alpha=0.01,
        warmup_target=stage.peak_learning_rate,
        warmup_steps=warmup,
    )


def _compile(
    network: keras.Model,
    recipe: Recipe,
    schedule: keras.optimizers.schedules.LearningRateSchedule,
    attribution_weight: float = 0.0,
) -> None:
    """Give a network its optimizer and losses."""
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay, global_clipnorm=_GRADIENT_NORM)
    losses: dict[str, Any] = {"logits": label_set_loss(recipe.label_smoothing)}
    weights = {"logits": 1.0}
    if TUMOR_MAP_LAYER in network.output:
        losses[TUMOR_MAP_LAYER] = tumor_map_loss
        weights[TUMOR_MAP_LAYER] = recipe.tumor_map_weight
    if ATTRIBUTION_LAYER in network.output:
        losses[ATTRIBUTION_LAYER] = attribution_loss
        weights[ATTRIBUTION_LAYER] = attribution_weight
    # XLA on a CPU compiles for minutes and gains nothing; JAX cannot do without it.
    network.compile(optimizer, losses, loss_weights=weights, jit_compile=keras.backend.backend() == "jax")
    optimizer.build(network.trainable_variables)
    # So are the losses' means: TensorFlow traces a step twice, for seconds, whose first call makes variables.
    shapes = {name: (1, *output.shape[1:]) for name, output in network.output.items()}
    classes = shapes["logits"][-1]
    channels = {"logits": classes, TUMOR_MAP_LAYER: 2, ATTRIBUTION_LAYER: 2 + classes}
    targets = {name: keras.ops.zeros((*shape[:-1], channels[name])) for name, shape in shapes.items()}
    network.compute_loss(y=targets, y_pred={name: keras.ops.zeros(shape) for name, shape in shapes.items()})


def _train_step(network: keras.Model, batch: Batch) -> float:
    """One step; the loss of the logits before it."""
    targets = {"logits": batch.allowed}
    if TUMOR_MAP_LAYER in network.output:
        targets[TUMOR_MAP_LAYER] = batch.tumor_map
    if ATTRIBUTION_LAYER in network.output:
        cells = batch.tumor_map.shape[1]
        allowed = np.broadcast_to(
            batch.allowed[:, None, None], (len(batch.tumor_map), cells, cells, batch.allowed.shape[1])
        )
        targets[ATTRIBUTION_LAYER] = np.concatenate([batch.tumor_map, allowed], axis=3)
    logs = network.train_on_batch(batch.pixels, targets, return_dict=True)
    return float(logs["logits_loss"] if len(targets) > 1 else logs["loss"])


def _mix(
    samples: Sequence[Sample], recipe: Recipe, stage: int, epoch: int, hard_negatives: Sequence[Sample]
) -> list[Sample]:
    rng = np.random.default_rng((recipe.seed, stage, epoch))
    kinds = compose_epoch(samples, recipe.stages[stage].mixture, rng, hard_negatives)
    return [sample for kind in kinds.values() for sample in kind]


def _validate(network: keras.Model, samples: Sequence[Sample], class_names: tuple[str, ...]) -> tuple[float, float]:
    """Mean loss against the allowed classes, and the share of samples whose most probable class is allowed."""
    logits = predict_logits(network, np.stack([sample.pixels for sample in samples]))
    allowed = np.stack([mark_allowed(sample.label, class_names) for sample in samples])
    losses = logsumexp(logits, axis=1) - logsumexp(np.where(allowed > 0, logits, -np.inf), axis=1)
    chosen = logits.argmax(axis=1)
    return float(losses.mean()), float(allowed[np.arange(len(chosen)), chosen].mean())


def _save_checkpoint(network: keras.Model, position: _Position, file: Path) -> None:
    """Write weights, dropout's seeds, the optimizer's moments and the position, atomically."""
    arrays = {f"variable_{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(_variables(network))}
    partial = file.with_suffix(".partial.npz")
    np.savez(partial, **asdict(position), **arrays)
    partial.replace(file)


def _restore_checkpoint(network: keras.Model, stage: int, file: Path) -> _Position:
    """Load a checkpoint of this stage into the network; without one, the position is the stage's beginning."""
    if not file.is_file():
        return _Position(stage)
    with np.load(file, allow_pickle=False) as arrays:
        if int(arrays["stage"]) != stage:
            return _Position(stage)
        for i, variable in enumerate(_variables(network)):
            variable.assign(arrays[f"variable_{i}"])
        best = float(arrays["best_loss"])
        return _Position(stage, int(arrays["epochs_done"]), best, int(arrays["epochs_since_best"]))


def _variables(network: keras.Model) -> list[keras.Variable]:
    return [*network.variables, *network.optimizer.variables]
