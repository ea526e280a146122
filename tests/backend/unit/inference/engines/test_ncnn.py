"""The engines of ncnn give the float32 network's answers, in any thread; they refuse weights of another network."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories import make_slice
from tumorscope.domain.errors import BundleInvalid
from tumorscope.inference.classifier import calibrate
from tumorscope.inference.engines.ncnn import open_ncnn, open_ncnn_int8
from tumorscope.inference.engines.slices import SliceEngine
from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.model.bundle import Bundle
from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input

_BATCH: NDArray[np.float32] = np.stack(
    [
        to_model_input(make_slice(seed, lesion=bool(seed % 2)), PreprocessingParameters(size=32)).pixels
        for seed in range(100, 105)
    ]
)


@pytest.fixture(scope="module")
def engine(tiny_bundle: Bundle) -> SliceEngine:
    return open_ncnn(tiny_bundle, 2)


def test_engine_says_what_it_is(engine: SliceEngine) -> None:
    assert (engine.name, engine.device) == ("ncnn-float32", "cpu")


def test_outputs_are_those_of_the_float32_network(tiny_bundle: Bundle, engine: SliceEngine) -> None:
    expected, found = TensorFlowEngine(tiny_bundle, exact=True).run(_BATCH), engine.run(_BATCH)
    for one, two in (
        (found.logits, expected.logits),
        (found.features, expected.features),
        (found.activation, expected.activation),
    ):
        assert one.shape == two.shape
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, two, atol=1e-4 * np.abs(two).max())


def test_batch_gives_the_answers_of_its_slices_one_by_one(engine: SliceEngine) -> None:
    alone = np.concatenate([engine.run(pixels[None]).logits for pixels in _BATCH])
    np.testing.assert_array_equal(engine.run(_BATCH).logits, alone)


def test_several_threads_may_ask_at_once(engine: SliceEngine) -> None:
    expected = engine.run(_BATCH).logits
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda i: engine.run(_BATCH[i % 5][None]).logits[0], range(100)))
    for i, answer in enumerate(answers):
        np.testing.assert_array_equal(answer, expected[i % 5])


def test_answer_does_not_depend_on_the_number_of_cores(tiny_bundle: Bundle, engine: SliceEngine) -> None:
    np.testing.assert_allclose(open_ncnn(tiny_bundle, 1).run(_BATCH).logits, engine.run(_BATCH).logits, atol=1e-5)


def _change(bundle: Bundle, name: str, array: NDArray[np.float16] | None) -> Bundle:
    weights = {**bundle.weights}
    del weights[name]
    return replace(bundle, weights=weights if array is None else {**weights, name: array})


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("block3_conv2/kernel", None),
        ("block3_conv2/bias", None),
        ("block3_conv2/bias", np.zeros(7, np.float16)),
        ("block1_conv1/kernel", np.zeros((3, 3, 1, 64), np.float16)),
        ("dense/kernel", np.zeros((7, 128), np.float16)),
        ("logits/bias", np.full(4, np.nan, np.float16)),
    ],
    ids=["no kernel", "no bias", "fewer filters", "fewer channels", "fewer cells", "no number"],
)
def test_weights_of_another_network_are_refused(
    tiny_bundle: Bundle, name: str, array: NDArray[np.float16] | None
) -> None:
    with pytest.raises(BundleInvalid, match="weights are not those of vgg16"):
        open_ncnn(_change(tiny_bundle, name, array), 1)


def test_further_weights_are_refused(tiny_bundle: Bundle) -> None:
    more = replace(tiny_bundle, weights={**tiny_bundle.weights, "block6_conv1/bias": np.zeros(4, np.float16)})
    with pytest.raises(BundleInvalid, match="block6_conv1"):
        open_ncnn(more, 1)


@pytest.fixture(scope="module")
def int8_engine(int8_bundle: Bundle) -> SliceEngine:
    return open_ncnn_int8(int8_bundle, 2)


def test_int8_engine_says_what_it_is(int8_engine: SliceEngine) -> None:
    assert (int8_engine.name, int8_engine.device) == ("ncnn-int8", "cpu")


def test_outputs_in_int8_are_close_to_those_of_the_float32_network(
    int8_bundle: Bundle, int8_engine: SliceEngine
) -> None:
    expected, found = TensorFlowEngine(int8_bundle, exact=True).run(_BATCH), int8_engine.run(_BATCH)
    np.testing.assert_allclose(calibrate(found.logits, 1.0), calibrate(expected.logits, 1.0), atol=0.05)
    np.testing.assert_allclose(found.features, expected.features, atol=0.03 * expected.features.max())
    np.testing.assert_allclose(found.activation, expected.activation, atol=0.2 * expected.activation.max())
    for one, two in (
        (found.logits, expected.logits),
        (found.features, expected.features),
        (found.activation, expected.activation),
    ):
        assert one.shape == two.shape
        assert one.dtype == np.float32


def test_batch_in_int8_gives_the_answers_of_its_slices_one_by_one(int8_engine: SliceEngine) -> None:
    alone = np.concatenate([int8_engine.run(pixels[None]).logits for pixels in _BATCH])
    np.testing.assert_array_equal(int8_engine.run(_BATCH).logits, alone)


def test_bundle_without_an_int8_network_is_refused(tiny_bundle: Bundle) -> None:
    with pytest.raises(BundleInvalid, match="no int8 network"):
        open_ncnn_int8(tiny_bundle, 1)


def test_file_that_holds_no_network_is_refused(int8_bundle: Bundle) -> None:
    with pytest.raises(BundleInvalid, match="cannot be read"):
        open_ncnn_int8(replace(int8_bundle, int8=b"no network"), 1)


def test_int8_network_of_other_weights_is_refused(int8_bundle: Bundle) -> None:
    fewer = int8_bundle.weights["block4_conv2/kernel"][:, :, :, :256], int8_bundle.weights["block4_conv2/bias"][:256]
    following = int8_bundle.weights["block4_conv3/kernel"][:, :, :256]
    names = ("block4_conv2/kernel", "block4_conv2/bias", "block4_conv3/kernel")
    other = replace(int8_bundle, weights={**int8_bundle.weights, **dict(zip(names, (*fewer, following), strict=True))})
    with pytest.raises(BundleInvalid, match="not the network of the weights"):
        open_ncnn_int8(other, 1)
