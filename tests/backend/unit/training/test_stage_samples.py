"""What a stage starts with: the errors of the network before it, chosen once."""

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from scipy.special import softmax

from tests.backend.unit.training.networks import RECIPE, make_samples, training_network
from tumorscope.training.networks import predict_logits
from tumorscope.training.recipe import Mixture, Recipe
from tumorscope.training.samples import Sample
from tumorscope.training.stage_samples import find_hard_negatives

_NONE = RECIPE.class_names.index("no_tumor")


def _recipe(count: int) -> Recipe:
    return replace(RECIPE, stages=(replace(RECIPE.stages[0], mixture=Mixture(hard_negatives=count)),))


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return make_samples(24)


def _network(favours_tumor: bool) -> keras.Model:
    network = training_network()
    kernel, bias = network.get_layer("logits").get_weights()
    bias[_NONE] = -5 if favours_tumor else 50
    network.get_layer("logits").set_weights([kernel, bias])
    return network


def test_healthy_slices_that_are_called_tumour_are_chosen_surest_first(samples: list[Sample], tmp_path: Path) -> None:
    network = _network(favours_tumor=True)
    chosen = {id(one) for one in find_hard_negatives(network, _recipe(3), 0, samples, tmp_path)}
    healthy = [one for one in samples if one.label == "no_tumor"]
    logits = predict_logits(network, np.stack([one.pixels for one in healthy])).astype(np.float64)
    none = softmax(logits, axis=1)[:, _NONE]
    expected = {id(healthy[i]) for i in np.argsort(none)[:3]}
    assert chosen == expected


def test_slices_that_are_called_rightly_are_not_chosen(samples: list[Sample], tmp_path: Path) -> None:
    assert find_hard_negatives(_network(favours_tumor=False), _recipe(3), 0, samples, tmp_path) == []


def test_resumed_stage_has_the_choice_it_began_with(samples: list[Sample], tmp_path: Path) -> None:
    chosen = find_hard_negatives(_network(favours_tumor=True), _recipe(3), 0, samples, tmp_path)
    again = find_hard_negatives(_network(favours_tumor=False), _recipe(3), 0, samples, tmp_path)
    assert [id(one) for one in again] == [id(one) for one in chosen]
    (file,) = tmp_path.iterdir()
    assert len(json.loads(file.read_text())) == 3


def test_nothing_is_read_where_none_is_asked_for(samples: list[Sample], tmp_path: Path) -> None:
    assert find_hard_negatives(_network(favours_tumor=True), _recipe(0), 0, samples, tmp_path) == []
    assert list(tmp_path.iterdir()) == []
