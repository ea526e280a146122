"""The plain recipe: VGG16 warm-started from ImageNet, 64 x 64 first, then 128 x 128, with counterfactual pictures.

Command:   ``make train`` (``tumorscope train plain``)
Data:      ``slices.csv`` and ``volumes/`` of the data folder; initial weights ``weights/vgg19_imagenet_blocks1to3.npz``
Expected:  the figures of README.md, section "How good it is", within about 2 points
Hours:     about 1.2 on two cores with bfloat16 arithmetic
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tumorscope.datasets.example import Example
from tumorscope.datasets.folder import read_slice_table
from tumorscope.datasets.splits import Split, split_by_patient
from tumorscope.datasets.volumes import find_healthy_slices, find_masked_slices
from tumorscope.domain.errors import TrainingError
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.model.manifest import DataManifest, InputManifest, Manifest, PreprocessingManifest
from tumorscope.model.processor import has_bfloat16
from tumorscope.model.vgg16 import Precision, build_vgg16, convolution_layers
from tumorscope.preprocessing.pipeline import PreprocessingParameters
from tumorscope.training.batch_norm import add_batch_norm, fold_batch_norm
from tumorscope.training.pictures import Mixture, Pictures, mix_training_pictures, prepare_pictures
from tumorscope.training.recipes import card
from tumorscope.training.train import EpochLog, Stage, expand_head, log_epoch, to_pixels, train_stage
from tumorscope.training.warm_start import load_initial_weights, scale_layers

NAME = "plain"
CLASS_NAMES = DEFAULT_CLASS_NAMES
PREPROCESSING = PreprocessingParameters(size=128)
STAGES = (
    Stage(size=64, epochs=11, peak_learning_rate=1e-3),
    Stage(size=128, epochs=5, peak_learning_rate=4e-4, warmup_epochs=0.3),
)
SEED = 20
VALIDATION_SHARE = 0.2
BATCH_SIZE = 32
LABEL_SMOOTHING = 0.03
MIXTURE = Mixture()
# float32 and bfloat16 engines differ by less; another network, or another preprocessing, by more.
GOLDEN_TOLERANCE = 0.03
# ImageNet's edges and textures serve as they are; leaving their backward pass out saves a quarter of the time.
FROZEN_CONVOLUTIONS = 4


@dataclass(frozen=True, slots=True)
class Trained:
    """What a run leaves: the network's weights by ``layer/variable``, the split, and a record for the manifest."""

    weights: dict[str, NDArray[np.float32]]
    split: Split
    record: dict[str, Any]


def read_split(data: Path) -> Split:
    """The recipe's training and validation examples; the same for the same data."""
    examples = [
        *read_slice_table(data / "slices.csv"),
        *find_healthy_slices(data / "volumes" / "healthy"),
        *find_masked_slices(data / "volumes" / "tcia_brain_tumor_progression", label="glioma"),
    ]
    return split_by_patient(examples, VALIDATION_SHARE, SEED)


def train(data: Path, run_folder: Path, initial_weights: Path) -> Trained:
    """Train, or go on where a run in the same folder was interrupted.

    Parameters
    ----------
    data : Path
        Holds ``slices.csv`` and ``volumes/``.
    run_folder : Path
        For checkpoints and the epoch log (``log.jsonl``).
    initial_weights : Path
        ``.npz`` with the lower convolutions.

    Returns
    -------
    Trained
        The weights of the last stage, in the shape of plain VGG16.

    Raises
    ------
    TrainingError
        Data or initial weights are absent, or the run folder holds a run of other data or settings.
    """
    precision: Precision = "mixed_bfloat16" if has_bfloat16() else "float32"
    split = read_split(data)
    _claim_run_folder(run_folder, _settings(split, initial_weights))
    counts: dict[str, int] = {}
    network: keras.Model | None = None
    with _progress() as progress:
        for number, stage in enumerate(STAGES):
            keras.utils.set_random_seed(SEED + number)
            pictures, validation, counts = _prepare_stage(split, stage, progress)
            larger = _build_for_training(stage.size, precision)
            if network is None:
                load_initial_weights(larger, initial_weights)
                scale_layers(larger, to_pixels(pictures.grey[::97]))
                larger = add_batch_norm(larger, precision)
            else:
                larger = add_batch_norm(larger, precision)
                expand_head(network, larger)
            network = larger
            finished = run_folder / f"stage{number}.weights.h5"
            if finished.is_file():
                network.load_weights(finished)
                continue
            _train_one_stage(network, number, pictures, validation, run_folder, progress)
            network.save_weights(finished)
    assert network is not None  # noqa: S101  (STAGES is not empty)
    folded = build_vgg16(len(CLASS_NAMES), STAGES[-1].size)
    fold_batch_norm(network, folded)
    weights = {variable.path: keras.ops.convert_to_numpy(variable) for variable in folded.weights}
    return Trained(weights, split, _record(split, counts, initial_weights, run_folder))


def _build_for_training(size: int, precision: Precision) -> keras.Model:
    network = build_vgg16(len(CLASS_NAMES), size, "all", precision)
    for layer in convolution_layers(network)[:FROZEN_CONVOLUTIONS]:
        layer.trainable = False
    return network


def _train_one_stage(
    network: keras.Model, number: int, pictures: Pictures, validation: Pictures, run_folder: Path, progress: Progress
) -> None:
    stage = STAGES[number]
    steps = stage.epochs * -(-len(pictures) // BATCH_SIZE)
    task = progress.add_task(f"training at {stage.size}x{stage.size}", total=steps)

    def finish_epoch(log: EpochLog) -> None:
        log_epoch(log, run_folder / "log.jsonl")
        progress.console.print(
            f"{log.size}x{log.size} epoch {log.epoch}: "
            f"loss {log.loss:.3f}, validation accuracy {log.validation_accuracy:.3f}"
        )
        progress.update(task, completed=log.epoch * steps // stage.epochs)

    train_stage(
        network,
        number,
        stage,
        pictures,
        validation,
        batch_size=BATCH_SIZE,
        label_smoothing=LABEL_SMOOTHING,
        seed=SEED,
        checkpoint=run_folder / "checkpoint.npz",
        advance=lambda loss: progress.update(
            task, advance=1, description=f"training at {stage.size}x{stage.size}, loss {loss:.3f}"
        ),
        finish_epoch=finish_epoch,
    )


def _prepare_stage(split: Split, stage: Stage, progress: Progress) -> tuple[Pictures, Pictures, dict[str, int]]:
    parameters = PreprocessingParameters(stage.size, PREPROCESSING.percentiles, PREPROCESSING.head_margin)
    task = progress.add_task(
        f"preparing pictures at {stage.size}x{stage.size}", total=len(split.training) + len(split.validation)
    )

    def prepare(examples: Sequence[Example]) -> tuple[Pictures, Any]:
        return prepare_pictures(examples, CLASS_NAMES, parameters, lambda: progress.advance(task))

    _, inputs = prepare(split.training)
    validation, _ = prepare(split.validation)
    pictures, counts = mix_training_pictures(split.training, inputs, CLASS_NAMES, MIXTURE, SEED)
    return pictures, validation, counts


def _claim_run_folder(run_folder: Path, settings: dict[str, Any]) -> None:
    """Note what the run is of; going on with another one's weights would give a bundle that lies about itself."""
    run_folder.mkdir(parents=True, exist_ok=True)
    note = run_folder / "settings.json"
    text = json.dumps(settings, indent=2)
    if not note.is_file():
        note.write_text(text, encoding="utf-8")
    elif note.read_text(encoding="utf-8") != text:
        raise TrainingError(f"{run_folder} holds a run of other data or settings; remove it or name another folder.")


def _settings(split: Split, initial_weights: Path) -> dict[str, Any]:
    """What two runs must share to be the same."""
    if not initial_weights.is_file():
        raise TrainingError(f"{initial_weights} is absent; say where initial weights are with --initial-weights.")
    return {
        "recipe": NAME,
        "seed": SEED,
        "stages": [asdict(stage) for stage in STAGES],
        "batch_size": BATCH_SIZE,
        "label_smoothing": LABEL_SMOOTHING,
        "frozen_convolutions": FROZEN_CONVOLUTIONS,
        "mixture": asdict(MIXTURE),
        "initial_weights_sha256": hashlib.sha256(initial_weights.read_bytes()).hexdigest(),
        "split_sha256": split.sha256,
    }


def _record(split: Split, counts: dict[str, int], initial_weights: Path, run_folder: Path) -> dict[str, Any]:
    """What the manifest says of the run."""
    return {
        **_settings(split, initial_weights),
        "training_slices": dict(Counter(example.label for example in split.training)),
        "training_patients": len({example.patient_id for example in split.training}),
        "validation_slices": dict(Counter(example.label for example in split.validation)),
        "validation_patients": len({example.patient_id for example in split.validation}),
        "pictures_per_epoch": counts,
        "epochs": [json.loads(line) for line in (run_folder / "log.jsonl").read_text(encoding="utf-8").splitlines()],
    }


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    )


def describe(trained: Trained, version: str) -> Manifest:
    """The manifest of a trained model, but for what `evaluation.release` measures.

    Parameters
    ----------
    trained : Trained
        From `train`.
    version : str
        Of the model, ``MAJOR.MINOR.PATCH``.

    Returns
    -------
    Manifest
        Without metrics and golden answers.
    """
    lower, upper = PREPROCESSING.percentiles
    return Manifest(
        name="tumorscope-vgg16",
        version=version,
        class_names=list(CLASS_NAMES),
        input=InputManifest(size=PREPROCESSING.size),
        preprocessing=PreprocessingManifest(
            lower_percentile=lower, upper_percentile=upper, head_margin=PREPROCESSING.head_margin
        ),
        temperature=1.0,
        tumor_threshold=0.5,
        intended_use=card.INTENDED_USE,
        limits=list(card.LIMITS),
        license=card.LICENSE,
        data=[DataManifest(**entry) for entry in card.DATA],
        training=trained.record,
        metrics={},
        golden_tolerance=GOLDEN_TOLERANCE,
        golden=[],
        files={},
    )
