"""The TensorFlow engine gives the same answers in any batch and thread."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from tumorscope.inference.classifier import calibrate
from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.model.bundle import Bundle
from tumorscope.model.vgg16 import load_network
from tumorscope.model.vgg16_layers import LAST_CONVOLUTION

_BATCH: NDArray[np.float32] = np.random.default_rng(0).random((5, 32, 32, 3), np.float32)


def test_engine_says_what_it_is(tiny_engine: TensorFlowEngine) -> None:
    assert tiny_engine.name.startswith("tensorflow-")
    assert tiny_engine.device in ("cpu", "gpu")


def test_answers_are_those_of_the_network(tiny_bundle: Bundle, tiny_engine: TensorFlowEngine) -> None:
    expected = calibrate(np.asarray(load_network(tiny_bundle)(_BATCH, training=False)), 1.0)
    answers = tiny_engine.run(_BATCH).logits
    assert answers.shape == (5, 4)
    assert answers.dtype == np.float32
    # Where the processor multiplies bfloat16 the engine uses it; golden answers tolerate 0.03.
    np.testing.assert_allclose(calibrate(answers, 1.0), expected, atol=0.03)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_batch_gives_the_answers_of_its_slices_one_by_one(tiny_engine: TensorFlowEngine, size: int) -> None:
    alone = np.concatenate([tiny_engine.run(pixels[None]).logits for pixels in _BATCH[:size]])
    np.testing.assert_allclose(calibrate(tiny_engine.run(_BATCH[:size]).logits, 1.0), calibrate(alone, 1.0), atol=5e-3)


def test_slices_differ_in_their_answers(tiny_engine: TensorFlowEngine) -> None:
    assert np.ptp(tiny_engine.run(np.stack([_BATCH[0], _BATCH[0] * 0.2])).logits, axis=0).max() > 0.01


def test_several_threads_may_ask_at_once(tiny_engine: TensorFlowEngine) -> None:
    expected = [tiny_engine.run(pixels[None]).logits for pixels in _BATCH]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda i: tiny_engine.run(_BATCH[i % 5][None]).logits, range(40)))
    for i, answer in enumerate(answers):
        np.testing.assert_allclose(answer, expected[i % 5], atol=1e-5)


def test_features_are_the_means_of_the_lower_blocks(tiny_bundle: Bundle, tiny_engine: TensorFlowEngine) -> None:
    network = load_network(tiny_bundle)
    outputs = tiny_engine.run(_BATCH)
    last = ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3")
    lower = keras.Model(network.input, [network.get_layer(name).output for name in last])
    means = [np.asarray(activation).mean(axis=(1, 2)) for activation in lower(_BATCH, training=False)]
    expected = np.concatenate(means, axis=1)
    np.testing.assert_allclose(outputs.features, expected, rtol=0.1, atol=0.02 * expected.max())


def test_activation_is_the_last_convolutions(tiny_bundle: Bundle, tiny_engine: TensorFlowEngine) -> None:
    network = load_network(tiny_bundle)
    lower = keras.Model(network.input, network.get_layer(LAST_CONVOLUTION).output)
    expected = np.asarray(lower(_BATCH, training=False))
    activation = tiny_engine.run(_BATCH).activation
    assert activation.shape == (5, 2, 2, 512)
    np.testing.assert_allclose(activation, expected, atol=0.05 * expected.max())


def test_engine_of_the_cpu_leaves_a_gpu_alone(tiny_bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    def find_gpu(_kind: str) -> list[object]:
        raise AssertionError("the GPU that failed was asked for")

    monkeypatch.setattr("tensorflow.config.list_physical_devices", find_gpu)
    engine = TensorFlowEngine(tiny_bundle, cpu_only=True)
    assert engine.device == "cpu"
    convolutions = [operation for operation in engine._graph.graph.get_operations() if operation.type == "Conv2D"]
    assert len(convolutions) == 13
    assert all(operation.device.endswith("CPU:0") for operation in convolutions)


@pytest.fixture(scope="module")
def gpu_engine(tiny_bundle: Bundle) -> Iterator[TensorFlowEngine]:
    """What is done on a GPU, on this machine's processor: TensorFlow is told that there is one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tensorflow.config.list_physical_devices", lambda _kind: ["gpu"])
        patch.setattr("tensorflow.config.experimental.set_memory_growth", lambda *_: None)
        patch.setattr("tensorflow.config.experimental.get_device_details", lambda _gpu: {"compute_capability": (9, 0)})
        yield TensorFlowEngine(tiny_bundle)


def test_gpu_multiplies_bfloat16_where_it_can(gpu_engine: TensorFlowEngine) -> None:
    assert (gpu_engine.name, gpu_engine.device) == ("tensorflow-bfloat16", "gpu")


@pytest.mark.parametrize("slices", [1, 3, 5, 16, 35])
def test_batch_of_any_size_is_run_by_graphs_of_a_few_sizes(
    tiny_engine: TensorFlowEngine, gpu_engine: TensorFlowEngine, slices: int
) -> None:
    batch = np.random.default_rng(slices).random((slices, 32, 32, 3), np.float32)
    outputs, expected = gpu_engine.run(batch), tiny_engine.run(batch)
    assert outputs.activation.shape == expected.activation.shape
    assert outputs.features.shape == expected.features.shape
    np.testing.assert_allclose(calibrate(outputs.logits, 1.0), calibrate(expected.logits, 1.0), atol=0.03)
    assert gpu_engine._graph.experimental_get_tracing_count() == 1
