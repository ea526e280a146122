"""A pruned network answers like the whole one where it can, and is one that every engine runs."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories import write_tiny_bundle
from tumorscope.inference.engines.engine import Outputs
from tumorscope.inference.engines.ncnn import open_ncnn
from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.model.bundle import Bundle, read_bundle
from tumorscope.model.vgg16 import build_vgg16
from tumorscope.model.vgg16_layers import CONVOLUTION_NAMES
from tumorscope.training.pruning import prune, share_of_multiplications

_SIDE = 32
_HALF = 16


@pytest.fixture(scope="module")
def pixels() -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    coarse = np.kron(rng.random((120, 4, 4, 1)), np.ones((1, 8, 8, 3)))
    return (coarse * rng.random((120, _SIDE, _SIDE, 1))).astype(np.float32)


@pytest.fixture(scope="module")
def small() -> dict[str, NDArray[Any]]:
    network = build_vgg16(4, _SIDE, filters=dict.fromkeys(CONVOLUTION_NAMES, _HALF))
    rng = np.random.default_rng(1)
    # The first layer's input reaches from -124 to 151.
    spread = {"block1_conv1/kernel": 0.003, "bias": 0.1}
    return {
        one.path: rng.normal(
            0, spread.get(one.path, spread.get(one.name, (2 / np.prod(one.shape[:-1])) ** 0.5)), one.shape
        )
        for one in network.weights
    }


@pytest.fixture(scope="module")
def whole(small: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The same function of twice the filters: a fainter copy of each, of which the next layer makes a fifth."""
    weights = dict(small)
    for name in CONVOLUTION_NAMES:
        for part in ("kernel", "bias"):
            weights[f"{name}/{part}"] = np.concatenate([small[f"{name}/{part}"], small[f"{name}/{part}"] / 2], axis=-1)
    for name in (*CONVOLUTION_NAMES[1:], "dense"):
        kernel = weights[f"{name}/kernel"]
        weights[f"{name}/kernel"] = np.concatenate([0.8 * kernel, 0.4 * kernel], axis=-2)
    return weights


def _answer(bundle: Bundle, weights: Mapping[str, NDArray[Any]], pixels: NDArray[np.float32]) -> list[Outputs]:
    """Of each engine that runs float32."""
    one = replace(bundle, weights={name: array.astype(np.float16) for name, array in weights.items()})
    return [TensorFlowEngine(one, exact=True).run(pixels), open_ncnn(one, 1).run(pixels)]


def test_what_is_left_out_is_made_up_for(
    small: dict[str, NDArray[Any]], whole: dict[str, NDArray[Any]], pixels: NDArray[np.float32], tmp_path: Path
) -> None:
    done: list[None] = []
    pruned = prune(whole, pixels, share_of_multiplications(small, whole), lambda: done.append(None))
    assert len(done) == len(CONVOLUTION_NAMES) + 1
    assert {name: array.shape for name, array in pruned.items()} == {name: one.shape for name, one in small.items()}
    # Half as many channels in, half as many out, but for the three of the picture.
    assert share_of_multiplications(pruned, whole) == pytest.approx(0.263, abs=0.001)
    bundle = read_bundle(write_tiny_bundle(tmp_path))
    cut = {name: whole[name][tuple(slice(side) for side in array.shape)] for name, array in small.items()}
    (expected, _), (unfitted, _) = _answer(bundle, whole, pixels), _answer(bundle, cut, pixels)
    missing = np.abs(unfitted.logits - expected.logits).mean()
    for found in _answer(bundle, pruned, pixels):
        assert np.abs(found.logits - expected.logits).mean() < 0.1 * missing
        assert found.features.shape == (len(pixels), 4 * _HALF)
        assert found.activation.shape == (len(pixels), 2, 2, _HALF)
