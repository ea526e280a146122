"""Pictures and a recipe's numbers in, a trained network out; can be interrupted and resumed."""

import json
import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from tumorscope.preprocessing.pipeline import CHANNELS
from tumorscope.training.augmentation import augment
from tumorscope.training.pictures import Pictures

_BATCHES_AHEAD = 8


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of a training run, at one resolution.

    Parameters
    ----------
    size : int
        Side of the input, in pixels.
    epochs : int
        Passes over the training pictures.
    peak_learning_rate : float
        Reached after `warmup_epochs`, then lowered along a half cosine to a hundredth.
    warmup_epochs : float
        Linear rise.
    """

    size: int
    epochs: int
    peak_learning_rate: float
    warmup_epochs: float = 0.5


@dataclass(frozen=True, slots=True)
class EpochLog:
    """What one epoch brought."""

    stage: int
    epoch: int
    size: int
    loss: float
    validation_accuracy: float


def label_set_loss(label_smoothing: float) -> Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]:
    """Cross-entropy from logits against a *set* of allowed classes: -log of their summed probability.

    With one allowed class this is categorical cross-entropy; a tumour of unstated kind allows every tumour class.

    Parameters
    ----------
    label_smoothing : float
        Share of the target spread evenly over all classes, in 0..1.

    Returns
    -------
    callable
        (allowed (batch, classes) of 0 and 1, logits (batch, classes)) to losses (batch,).
    """

    def loss(allowed: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
        ops = keras.ops
        logits = ops.cast(logits, "float32")
        normaliser = ops.logsumexp(logits, axis=-1)
        of_allowed = ops.logsumexp(logits + ops.where(allowed > 0, 0.0, -1e9), axis=-1)
        return normaliser - (1 - label_smoothing) * of_allowed - label_smoothing * ops.mean(logits, axis=-1)

    return loss


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


def train_stage(
    network: keras.Model,
    stage_number: int,
    stage: Stage,
    pictures: Pictures,
    validation: Pictures,
    *,
    batch_size: int,
    label_smoothing: float,
    seed: int,
    checkpoint: Path,
    advance: Callable[[float], None],
    finish_epoch: Callable[[EpochLog], None],
) -> None:
    """Train a network through one stage, in place.

    Each epoch ends with a checkpoint; where `checkpoint` is of this stage, training goes on behind it, with the same
    batches as an uninterrupted run, since every epoch has a seed of its own.

    Parameters
    ----------
    network : keras.Model
        Built for ``stage.size``; changed in place.
    stage_number : int
        Position in the recipe, from 0.
    stage : Stage
        Epochs and learning rate.
    pictures, validation : Pictures
        Of ``stage.size``.
    batch_size : int
        Pictures a step.
    label_smoothing : float
        See `label_set_loss`.
    seed : int
        Of order, augmentation and dropout.
    checkpoint : Path
        ``.npz`` that is written after each epoch.
    advance : callable
        Called after each step with the mean loss of the epoch so far.
    finish_epoch : callable
        Called after each epoch.
    """
    steps = math.ceil(len(pictures) / batch_size)
    optimizer = keras.optimizers.AdamW(warmup_cosine(stage, steps), weight_decay=0.02, global_clipnorm=1.0)
    network.compile(optimizer, label_set_loss(label_smoothing), jit_compile=False)
    optimizer.build(network.trainable_variables)
    first_epoch = _restore(network, checkpoint, stage_number)
    for epoch in range(first_epoch, stage.epochs):
        losses = []
        for pixels, allowed in _draw_batches(pictures, batch_size, (seed, stage_number, epoch)):
            losses.append(float(network.train_on_batch(pixels, allowed)))
            advance(float(np.mean(losses[-200:])))
        accuracy = _accuracy(network, validation)
        _save(network, checkpoint, stage_number, epoch + 1)
        finish_epoch(EpochLog(stage_number, epoch + 1, stage.size, float(np.mean(losses)), accuracy))


def expand_head(small: keras.Model, large: keras.Model) -> None:
    """Carry the weights from a network for one input size to one for a multiple of it.

    The dense layer's weights for one cell of the small last feature map are spread over the cells that take its place,
    so that a picture enlarged by that multiple gives about the same answer.

    Parameters
    ----------
    small, large : keras.Model
        From `build_vgg16`; `large` is changed in place.
    """
    for source, target in zip(small.layers, large.layers, strict=True):
        if source.name != "dense":
            target.set_weights(source.get_weights())
    kernel, bias = small.get_layer("dense").get_weights()
    cells_small = small.get_layer("block5_pool").output.shape[1]
    cells_large = large.get_layer("block5_pool").output.shape[1]
    factor = cells_large // cells_small
    by_cell = kernel.reshape(cells_small, cells_small, -1, kernel.shape[1])
    spread = by_cell.repeat(factor, axis=0).repeat(factor, axis=1) / factor**2
    large.get_layer("dense").set_weights([spread.reshape(-1, kernel.shape[1]), bias])


def predict_logits(network: keras.Model, grey: NDArray[np.float16], batch_size: int = 64) -> NDArray[np.float32]:
    """Logits of prepared pictures, shape (n, classes)."""
    batches = [
        np.asarray(network.predict_on_batch(to_pixels(grey[start : start + batch_size])))
        for start in range(0, len(grey), batch_size)
    ]
    return np.concatenate(batches).astype(np.float32)


def log_epoch(log: EpochLog, file: Path) -> None:
    """Append one line of JSON."""
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(log)) + "\n")


def _accuracy(network: keras.Model, pictures: Pictures) -> float:
    """Share of pictures whose most probable class is allowed."""
    chosen = predict_logits(network, pictures.grey).argmax(axis=1)
    return float(pictures.allowed[np.arange(len(chosen)), chosen].mean())


def _draw_batches(
    pictures: Pictures, batch_size: int, seed: tuple[int, ...]
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Every picture once, shuffled and augmented by a thread while the network computes."""
    order = np.random.default_rng(seed).permutation(len(pictures))
    starts = range(0, len(order), batch_size)

    def make(start: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        rng = np.random.default_rng((*seed, start))
        chosen = order[start : start + batch_size]
        grey = np.stack([augment(pictures.grey[i].astype(np.float32), rng) for i in chosen])
        return to_pixels(grey), pictures.allowed[chosen]

    with ThreadPoolExecutor(max_workers=1) as executor:
        ahead = deque(executor.submit(make, start) for start in starts[:_BATCHES_AHEAD])
        for start in [*starts[_BATCHES_AHEAD:], *[None] * len(ahead)]:
            batch = ahead.popleft().result()
            if start is not None:
                ahead.append(executor.submit(make, start))
            yield batch


def to_pixels(grey: NDArray[np.float16] | NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, size, size) to (n, size, size, 3), float32."""
    return np.repeat(grey.astype(np.float32)[..., None], CHANNELS, axis=-1)


def _variables(network: keras.Model) -> list[keras.Variable]:
    """Everything that a step changes: weights, dropout's seeds, the optimizer's moments."""
    return [*network.variables, *network.optimizer.variables]


def _save(network: keras.Model, checkpoint: Path, stage: int, epochs_done: int) -> None:
    arrays = {f"variable_{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(_variables(network))}
    partial = checkpoint.with_suffix(".partial.npz")
    np.savez(partial, stage=stage, epochs_done=epochs_done, **arrays)
    partial.replace(checkpoint)


def _restore(network: keras.Model, checkpoint: Path, stage: int) -> int:
    """Epochs of this stage that a checkpoint already holds, after loading it; 0 without one."""
    if not checkpoint.is_file():
        return 0
    with np.load(checkpoint, allow_pickle=False) as arrays:
        if int(arrays["stage"]) != stage:
            return 0
        for i, variable in enumerate(_variables(network)):
            variable.assign(arrays[f"variable_{i}"])
        return int(arrays["epochs_done"])
