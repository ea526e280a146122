"""A whole service of the tiny model, started once."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from tests.factories import make_trust
from tests.waiting import wait_for_state
from tumorscope.api.app import create_app
from tumorscope.api.settings import Settings
from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.inference.scope import describe_slices
from tumorscope.model.bundle import Bundle, write_bundle


@pytest.fixture(scope="session")
def gated_bundle(tiny_bundle: Bundle, tiny_engine: TensorFlowEngine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tiny_bundle` with a scope gate that lets everything through."""
    size = tiny_bundle.manifest.input.size
    pixels = np.zeros((1, size, size, 3), np.float32)
    length = describe_slices(tiny_engine.run(pixels).features, pixels).shape[1]
    scope = {"reference": np.zeros((1, length), np.float32)}
    folder = tmp_path_factory.mktemp("gated")
    manifest = tiny_bundle.manifest.model_copy(update={"trust": make_trust()})
    write_bundle(folder, manifest, tiny_bundle.weights, tiny_bundle.golden_files, scope=scope)
    return folder


@pytest.fixture(scope="session")
def client(gated_bundle: Path) -> Iterator[TestClient]:
    """A service that is ready."""
    with TestClient(create_app(Settings(bundle=gated_bundle, threads=2))) as client:
        wait_for_state(client, "ready")
        yield client
