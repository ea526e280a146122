"""``tumorscope export``: the int8 form of a bundle, kept only where it answers as the float32 network does."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.backend.integration.test_calibrate import prepare_bundle, run_command
from tumorscope.domain.errors import EvaluationError
from tumorscope.evaluation.calibration.agreement import check_agreement
from tumorscope.evaluation.calibration.release import answer_golden
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.choose import open_engine
from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.inference.golden import check_golden_answers
from tumorscope.model.bundle import INT8_FILE, read_bundle, write_bundle
from tumorscope.model.manifest import Int8Manifest
from tumorscope.model.vgg16_layers import CONVOLUTION_NAMES

_FILTERS = 256
_GOOD = Int8Manifest(
    calibration_slices=300,
    slices=688,
    different_decisions=0.001,
    mean_tumor_probability_difference=0.002,
    accuracy_float32=0.92,
    accuracy_int8=0.92,
)


def _prefer_one_class(folder: Path) -> None:
    """A network of random weights finds all classes about alike likely: the last digit would decide.

    Each layer keeps 256 filters: the time of rounding grows with the cube of the weights of a filter.
    """
    loaded = read_bundle(folder)
    weights = {**loaded.weights, "logits/bias": np.array([0, 0, 4, 0], np.float16)}
    for name in (*CONVOLUTION_NAMES, "dense"):
        kernel = weights[f"{name}/kernel"]
        channels = kernel.shape[-2]
        narrow = kernel[..., : min(channels, _FILTERS), :] * np.float16(max(1, channels / _FILTERS) ** 0.5)
        weights[f"{name}/kernel"] = narrow if name == "dense" else narrow[..., :_FILTERS]
        if name != "dense":
            weights[f"{name}/bias"] = weights[f"{name}/bias"][:_FILTERS]
    biased = replace(loaded, weights=weights)
    golden = answer_golden(Classifier(biased, TensorFlowEngine(biased)))
    split = {"split.json": (folder / "split.json").read_bytes()}
    manifest = loaded.manifest.model_copy(update={"golden": golden})
    write_bundle(folder, manifest, weights, loaded.golden_files, split)


def test_bundle_gets_an_int8_form_that_serves(tmp_path: Path) -> None:
    bundle, data = prepare_bundle(tmp_path)
    _prefer_one_class(bundle)
    run_command("export", bundle, data)
    exported = read_bundle(bundle)
    assert exported.int8 is not None
    assert exported.manifest.int8 is not None
    assert exported.manifest.int8.slices == 24
    assert exported.manifest.trust is None
    classifier = Classifier(exported, open_engine(exported, "litert").engine)
    check_golden_answers(classifier)
    # With a trust layer it is measured anew, and stays.
    run_command("calibrate", bundle, data)
    calibrated = read_bundle(bundle)
    assert calibrated.manifest.trust is not None
    assert calibrated.manifest.int8 is not None
    assert (bundle / INT8_FILE).read_bytes() == exported.int8


@pytest.mark.parametrize(
    ("worse", "words"),
    [
        ({"different_decisions": 0.006}, "decisions"),
        ({"mean_tumor_probability_difference": 0.02}, "tumour probability"),
        ({"accuracy_int8": 0.91}, "accuracy"),
    ],
)
def test_form_that_answers_otherwise_is_refused_with_what_is_wrong(worse: dict[str, float], words: str) -> None:
    # Two of 678 slices, which is not yet more than 0.3 points.
    for good in (_GOOD, _GOOD.model_copy(update={"accuracy_float32": 0.92625, "accuracy_int8": 0.92330})):
        check_agreement(good)
    with pytest.raises(EvaluationError, match=words):
        check_agreement(_GOOD.model_copy(update=worse))
