"""What is slow to make, made once."""

from dataclasses import replace

import numpy as np
import pytest

from tests.factories import make_slice, write_tiny_bundle
from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.model.bundle import Bundle, read_bundle
from tumorscope.model.int8 import convert_to_int8
from tumorscope.preprocessing.pipeline import to_model_input


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Random weights for an input of 32 x 32 pixels."""
    return read_bundle(write_tiny_bundle(tmp_path_factory.mktemp("bundle")))


@pytest.fixture(scope="session")
def tiny_engine(tiny_bundle: Bundle) -> TensorFlowEngine:
    """Runs `tiny_bundle`."""
    return TensorFlowEngine(tiny_bundle)


@pytest.fixture(scope="session")
def int8_bundle(tiny_bundle: Bundle) -> Bundle:
    """`tiny_bundle` with its int8 form."""
    parameters = tiny_bundle.manifest.preprocessing_parameters
    slices = [make_slice(seed, lesion=bool(seed % 2)) for seed in range(40)]
    pixels = np.stack([to_model_input(one, parameters).pixels for one in slices])
    return replace(tiny_bundle, int8=convert_to_int8(tiny_bundle, pixels))
