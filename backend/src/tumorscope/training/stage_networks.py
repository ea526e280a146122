"""A stage in, the network that it trains out, with the weights that it starts from; and those that it ended with."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import keras
import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.errors import TrainingError
from tumorscope.model.vgg16 import Precision
from tumorscope.model.vgg16_layers import CONVOLUTIONS
from tumorscope.training.batch_norm import adopt_moments, fold_batch_norm
from tumorscope.training.networks import (
    TUMOR_MAP_LAYER,
    build_plain,
    build_training_network,
    carry_weights,
    to_input,
)
from tumorscope.training.recipe import Recipe, Stage
from tumorscope.training.samples import Sample
from tumorscope.training.warm_start import copy_initial_weights, read_initial_weights, scale_layers

# Of so many samples, spread over all, a layer's scale and moments are seen well enough.
_SAMPLE = 128
# Of VGG16: thirteen convolutions, the dense layer and the logits.
_LAYERS = sum(CONVOLUTIONS) + 2


def read_final_weights(
    recipe: Recipe, number: int, precision: Precision, run_folder: Path
) -> dict[str, NDArray[np.float32]]:
    """The weights of plain VGG16 that a finished stage ended with, by ``layer/variable``."""
    stage = recipe.stages[number]
    network = _build(recipe, stage, precision)
    network.load_weights(run_folder / f"stage{number}.weights.h5")
    folded = build_plain(len(recipe.class_names), stage.size, 0, "float32")
    fold_batch_norm(network, folded)
    return {variable.path: keras.ops.convert_to_numpy(variable) for variable in folded.weights}


def build_stage_network(
    recipe: Recipe,
    number: int,
    precision: Precision,
    samples: Sequence[Sample],
    initial_weights: Path | Literal["imagenet"] | None,
    run_folder: Path,
) -> keras.Model:
    """The stage's network with the weights it starts from: the stage's before, or the initial ones."""
    stage = recipe.stages[number]
    sample = to_input(np.stack([one.pixels for one in samples[:: max(1, len(samples) // _SAMPLE)]]))

    plain = build_plain(len(recipe.class_names), stage.size, stage.frozen_convolutions, precision)
    if number == 0:
        copied = 0 if initial_weights is None else copy_initial_weights(plain, read_initial_weights(initial_weights))
        if stage.attribution_weight > 0 and copied < _LAYERS:
            raise TrainingError("A stage with the attribution-guided loss follows one of its own size.")
        # Published convolutions stay as they are, unless a normalisation and a tumour map are to lie on them.
        is_kept = copied == _LAYERS or (copied == sum(CONVOLUTIONS) and not recipe.batch_norm)
        scale_layers(plain, sample, copied if is_kept else 0)
        return _build(recipe, stage, precision, plain, sample if copied >= sum(CONVOLUTIONS) else None)
    before = recipe.stages[number - 1]
    guided = stage.attribution_weight > 0 or before.attribution_weight > 0
    if guided and before.size != stage.size:
        raise TrainingError("A stage with the attribution-guided loss has the size of its neighbouring stages.")
    source = _build(recipe, before, precision)
    source.load_weights(run_folder / f"stage{number - 1}.weights.h5")
    if not guided:
        network = _build(recipe, stage, precision, plain)
        carry_weights(source, network)
        return network
    # With the attribution-guided loss, or after it, a stage starts where the last ended, without its normalisation.
    fold_batch_norm(source, plain)
    network = _build(recipe, stage, precision, plain, sample)
    if recipe.tumor_map_weight > 0:
        network.get_layer(TUMOR_MAP_LAYER).set_weights(source.get_layer(TUMOR_MAP_LAYER).get_weights())
    return network


def _build(
    recipe: Recipe,
    stage: Stage,
    precision: Precision,
    plain: keras.Model | None = None,
    sample: NDArray[np.float32] | None = None,
) -> keras.Model:
    """The stage's network, from a plain one with its weights or a fresh one; normalised by the sample's moments."""
    guided = stage.attribution_weight > 0
    if plain is None:
        plain = build_plain(len(recipe.class_names), stage.size, stage.frozen_convolutions, precision)
    network = build_training_network(
        plain,
        precision,
        batch_norm=recipe.batch_norm and not guided,
        tumor_map=recipe.tumor_map_weight > 0,
        attribution=guided,
    )
    if sample is not None and recipe.batch_norm and not guided:
        adopt_moments(network, sample)
    return network
