"""A split and a stage in, what the stage is trained and judged on out."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from rich.progress import Progress
from scipy.special import softmax

from tumorscope.datasets.example import Example
from tumorscope.datasets.splits import Split
from tumorscope.domain.labels import NO_TUMOR
from tumorscope.training.networks import predict_logits
from tumorscope.training.recipe import Recipe
from tumorscope.training.samples import Sample, choose_hard_negatives, prepare_sample, prepare_samples
from tumorscope.training.volume_lesions import insert_into_heads


def prepare_stage(recipe: Recipe, split: Split, number: int, progress: Progress) -> tuple[list[Sample], list[Sample]]:
    """Samples of the training part, inserted lesions among them, and of the validation part, at the stage's size."""
    stage = recipe.stages[number]
    parameters = replace(recipe.preprocessing, size=stage.size)
    total = len(split.training) + len(split.validation)
    task = progress.add_task(f"preparing pictures at {stage.size}x{stage.size}", total=total)

    def prepare(examples: Sequence[Example]) -> list[Sample]:
        return prepare_samples(examples, parameters, lambda: progress.advance(task))

    inserted = [
        prepare_sample(one.scan, one.example, parameters)
        for one in insert_into_heads(split.training, stage.lesions_per_volume, (recipe.seed, number))
    ]
    return [*prepare(split.training), *inserted], prepare(split.validation)


def find_hard_negatives(
    network: keras.Model, recipe: Recipe, number: int, samples: Sequence[Sample], run_folder: Path
) -> list[Sample]:
    """What the network that starts the stage wrongly calls tumour; in a file, so that a resumed run has the same."""
    count = recipe.stages[number].mixture.hard_negatives
    if not count:
        return []
    file = run_folder / f"stage{number}.hard_negatives.json"
    if not file.is_file():
        without = [i for i, one in enumerate(samples) if one.label == NO_TUMOR]
        logits = predict_logits(network, np.stack([samples[i].pixels for i in without]))
        probabilities = 1 - softmax(logits.astype(np.float64), axis=1)[:, recipe.class_names.index(NO_TUMOR)]
        chosen = choose_hard_negatives([samples[i] for i in without], probabilities, count)
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps([without[i] for i in chosen]), encoding="utf-8")
        partial.replace(file)
    return [samples[i] for i in json.loads(file.read_text(encoding="utf-8"))]
