"""What is slow to make, made once."""

from typing import TYPE_CHECKING

import pytest

from tests.factories import write_tiny_bundle, write_tiny_int8_bundle
from tumorscope.model.bundle import Bundle, read_bundle

if TYPE_CHECKING:
    from tumorscope.inference.engines.tensorflow import TensorFlowEngine


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Random weights for an input of 32 x 32 pixels."""
    return read_bundle(write_tiny_bundle(tmp_path_factory.mktemp("bundle")))


@pytest.fixture(scope="session")
def tiny_engine(tiny_bundle: Bundle) -> "TensorFlowEngine":
    """Runs `tiny_bundle`."""
    # Most tests need no TensorFlow, which takes seconds to import.
    from tumorscope.inference.engines.tensorflow import TensorFlowEngine

    return TensorFlowEngine(tiny_bundle)


@pytest.fixture(scope="session")
def int8_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Random weights for two classes, with their int8 form."""
    return read_bundle(write_tiny_int8_bundle(tmp_path_factory.mktemp("int8")))
