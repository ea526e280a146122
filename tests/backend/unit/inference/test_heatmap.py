"""The heat map sums to the logit, equals the one of training, and has the geometry of the source."""

import keras
import numpy as np
import pytest

from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.inference.heatmap import draw_heatmap, find_evidence, find_gradient
from tumorscope.model.bundle import Bundle
from tumorscope.model.vgg16 import load_network
from tumorscope.preprocessing.spatial import Box, Geometry
from tumorscope.training.networks import ATTRIBUTION_LAYER, build_training_network

_BATCH = np.random.default_rng(0).random((3, 32, 32, 3), np.float32)


def _head(bundle: Bundle, activation: np.ndarray, class_index: int) -> float:
    """A logit from the last convolution's activation, as the network has it."""
    half = activation.shape[0] // 2
    pooled = activation.reshape(half, 2, half, 2, -1).max(axis=(1, 3)).ravel().astype(np.float64)
    weights = {name: values.astype(np.float64) for name, values in bundle.weights.items()}
    hidden = np.maximum(pooled @ weights["dense/kernel"] + weights["dense/bias"], 0)
    return float(hidden @ weights["logits/kernel"][:, class_index] + weights["logits/bias"][class_index])


def test_evidence_adds_up_to_the_logit(tiny_bundle: Bundle) -> None:
    # The tiny bundle has no biases. In float32: how bfloat16 rounds in the last layers differs between processors.
    outputs = TensorFlowEngine(tiny_bundle, exact=True).run(_BATCH)
    for activation, logits in zip(outputs.activation, outputs.logits, strict=True):
        sums = [find_evidence(tiny_bundle.weights, activation, number).sum() for number in range(4)]
        np.testing.assert_allclose(sums, logits, atol=1e-3 * np.abs(logits).max())


def test_gradient_is_the_derivative(tiny_bundle: Bundle, tiny_engine: TensorFlowEngine) -> None:
    activation = tiny_engine.run(_BATCH[:1]).activation[0]
    gradient = find_gradient(tiny_bundle.weights, activation, 1)
    step = 1e-4 * float(activation.max())
    for place in np.argwhere(gradient != 0)[:: max(1, np.count_nonzero(gradient) // 20)]:
        moved = activation.astype(np.float64)
        moved[tuple(place)] += step
        slope = (_head(tiny_bundle, moved, 1) - _head(tiny_bundle, activation.astype(np.float64), 1)) / step
        assert gradient[tuple(place)] == pytest.approx(slope, rel=0.05, abs=1e-3 * float(np.abs(gradient).max()))


def test_training_asks_for_the_evidence_that_serving_draws(tiny_bundle: Bundle) -> None:
    network = load_network(tiny_bundle)
    trained_form = build_training_network(network, "float32", batch_norm=False, tumor_map=False, attribution=True)
    asked = np.asarray(trained_form(_BATCH, training=False)[ATTRIBUTION_LAYER])
    last = keras.Model(network.input, network.get_layer("block5_conv3").output)
    for activation, of_picture in zip(np.asarray(last(_BATCH, training=False)), asked, strict=True):
        for number in range(4):
            drawn = find_evidence(tiny_bundle.weights, activation, number)
            np.testing.assert_allclose(drawn, of_picture[:, :, number], atol=1e-4 * np.abs(asked).max())


@pytest.mark.parametrize(
    ("crop", "height", "width"),
    [(Box(0, 0, 128, 128), 128, 128), (Box(30, 50, 100, 180), 200, 300), (Box(5, 10, 400, 90), 420, 120)],
)
@pytest.mark.parametrize("cell", [(2, 3), (4, 4), (5, 2)])
def test_peak_lies_at_its_cell_on_the_source(crop: Box, height: int, width: int, cell: tuple[int, int]) -> None:
    geometry = Geometry(height, width, crop, 128)
    evidence = np.zeros((8, 8), np.float32)
    evidence[cell] = 2.0
    heatmap = draw_heatmap(evidence, geometry)
    assert heatmap.shape == (height, width)
    row, column = geometry.to_source((cell[0] + 0.5) * 16, (cell[1] + 0.5) * 16)
    if not (crop.top < row < crop.top + crop.height and crop.left < column < crop.left + crop.width):
        pytest.skip("the cell lies in the padding")
    peak = np.argwhere(heatmap == heatmap.max()).mean(axis=0) + 0.5
    np.testing.assert_allclose(peak, (row, column), atol=2)
    outside = np.ones((height, width), bool)
    outside[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width] = False
    assert not heatmap[outside].any()


def test_nothing_that_speaks_for_it_is_an_empty_map() -> None:
    geometry = Geometry(64, 64, Box(0, 0, 64, 64), 128)
    assert not draw_heatmap(-np.ones((8, 8), np.float32), geometry).any()
    assert not draw_heatmap(np.zeros((8, 8), np.float32), geometry).any()
