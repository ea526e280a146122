"""The int8 engine answers like the float32 network, in any thread and without TensorFlow."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories import make_slice, write_tiny_int8_bundle
from tests.waiting import PATIENCE_S
from tumorscope.domain.errors import BundleInvalid
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.inference.classifier import calibrate
from tumorscope.inference.engines.litert import open_litert
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
def engine(int8_bundle: Bundle) -> SliceEngine:
    return open_litert(int8_bundle, 2)


def test_engine_says_what_it_is(engine: SliceEngine) -> None:
    assert (engine.name, engine.device) == ("litert-int8", "cpu")


def test_outputs_are_close_to_those_of_the_float32_network(int8_bundle: Bundle, engine: SliceEngine) -> None:
    expected, found = TensorFlowEngine(int8_bundle, exact=True).run(_BATCH), engine.run(_BATCH)
    np.testing.assert_allclose(calibrate(found.logits, 1.0), calibrate(expected.logits, 1.0), atol=0.05)
    np.testing.assert_allclose(found.features, expected.features, atol=0.02 * expected.features.max())
    np.testing.assert_allclose(found.activation, expected.activation, atol=0.1 * expected.activation.max())
    for one, two in zip(
        (found.logits, found.features, found.activation),
        (expected.logits, expected.features, expected.activation),
        strict=True,
    ):
        assert one.shape == two.shape
        assert one.dtype == np.float32


def test_batch_gives_the_answers_of_its_slices_one_by_one(engine: SliceEngine) -> None:
    alone = np.concatenate([engine.run(pixels[None]).logits for pixels in _BATCH])
    np.testing.assert_array_equal(engine.run(_BATCH).logits, alone)


def test_several_threads_may_ask_at_once(engine: SliceEngine) -> None:
    expected = engine.run(_BATCH).logits
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda i: engine.run(_BATCH[i % 5][None]).logits[0], range(100)))
    for i, answer in enumerate(answers):
        np.testing.assert_array_equal(answer, expected[i % 5])


@pytest.mark.parametrize("content", [None, b"no model", b"\x1c\0\0\0TFL3 but no more"])
def test_bundle_without_an_int8_form_that_can_be_run_is_refused(int8_bundle: Bundle, content: bytes | None) -> None:
    with pytest.raises(BundleInvalid, match="int8"):
        open_litert(replace(int8_bundle, int8=content), 1)


def test_form_of_another_input_is_refused(int8_bundle: Bundle) -> None:
    manifest = int8_bundle.manifest
    larger = manifest.model_copy(update={"input": manifest.input.model_copy(update={"size": 64})})
    with pytest.raises(BundleInvalid, match="input"):
        open_litert(replace(int8_bundle, manifest=larger), 1)


def test_form_of_other_classes_is_refused(int8_bundle: Bundle) -> None:
    more = int8_bundle.manifest.model_copy(update={"class_names": list(DEFAULT_CLASS_NAMES)})
    with pytest.raises(BundleInvalid, match="manifest states"):
        open_litert(replace(int8_bundle, manifest=more), 1)


def test_serving_on_a_cpu_imports_no_tensorflow(tmp_path: Path) -> None:
    bundle = write_tiny_int8_bundle(tmp_path)
    code = """
import sys
import time
from fastapi.testclient import TestClient
from tests.factories import make_phantom_file
from tumorscope.api.app import create_app
from tumorscope.api.settings import Settings
with TestClient(create_app(Settings(bundle=sys.argv[1], engine="auto"))) as client:
    while client.get("/health").json()["status"] == "starting":
        time.sleep(0.05)
    answer = client.post("/predict?explain=heatmap", files={"file": make_phantom_file()}).json()
assert answer["model"]["engine"] in ("litert-int8", "ncnn-float32", "ncnn-int8"), answer
assert answer["explanation"] is not None
assert not {"tensorflow", "keras"} & set(sys.modules), "imported"
"""
    subprocess.run([sys.executable, "-c", code, str(bundle)], check=True, timeout=PATIENCE_S)
