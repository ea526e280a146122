"""A network with its optimizer in, a file out, and back: an interrupted run resumes from it."""

from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

_PREFIX = "variable_"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a run stands.

    Parameters
    ----------
    stage, epochs_done : int
        The stage, counted from 0, and what it has behind it.
    best_loss : float
        Least validation loss of the stage so far; infinite before the first epoch.
    epochs_since_best : int
        For early stopping.
    """

    stage: int
    epochs_done: int = 0
    best_loss: float = float("inf")
    epochs_since_best: int = 0


def save_checkpoint(network: keras.Model, position: Position, file: Path) -> None:
    """Write weights, dropout's seeds, the optimizer's moments and the position, atomically."""
    arrays = {f"{_PREFIX}{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(_variables(network))}
    partial = file.with_suffix(".partial.npz")
    np.savez(partial, **asdict(position), **arrays)
    partial.replace(file)


def restore_checkpoint(network: keras.Model, stage: int, file: Path) -> Position:
    """Load a checkpoint of this stage into the network.

    Parameters
    ----------
    network : keras.Model
        Compiled, its optimizer built; changed in place.
    stage : int
        That is to be trained.
    file : Path
        From `save_checkpoint`, possibly absent, possibly of another stage.

    Returns
    -------
    Position
        The checkpoint's, or the beginning of the stage.
    """
    if not file.is_file():
        return Position(stage)
    with np.load(file, allow_pickle=False) as arrays:
        if int(arrays["stage"]) != stage:
            return Position(stage)
        for i, variable in enumerate(_variables(network)):
            variable.assign(arrays[f"{_PREFIX}{i}"])
        return Position(stage, int(arrays["epochs_done"]), float(arrays["best_loss"]), int(arrays["epochs_since_best"]))


def _variables(network: keras.Model) -> list[keras.Variable]:
    return [*network.variables, *network.optimizer.variables]
