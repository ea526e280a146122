"""The service with the shipped model, as a process of its own on a free port."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import processes
from tests.factories import make_trust, write_tiny_bundle
from tests.processes import ServedProcess
from tests.ray_cluster import run_cluster
from tests.serving import serve
from tumorscope.api.app import create_app
from tumorscope.api.settings import Settings
from tumorscope.inference.scope import describe_slices
from tumorscope.model.bundle import read_bundle, write_bundle

_ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The real pictures; tests that need them are skipped without."""
    folder = Path(os.environ.get("TUMORSCOPE_DATA", _ROOT.parent / "shared" / "data"))
    if not (folder / "slices.csv").is_file():
        pytest.skip("the real pictures are absent: set TUMORSCOPE_DATA to the folder that holds slices.csv")
    return folder


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedProcess]:
    """`tumorscope serve` with the shipped bundle."""
    log = tmp_path_factory.mktemp("live") / "service.log"
    # Less than the default, so that what is too large for it is soon sent; more than any real scan here.
    with processes.serve(Settings().bundle, log, max_part_mib="32", max_request_mib="64") as served:
        served.wait_for_status("ready")
        yield served


@pytest.fixture(scope="session")
def tiny_bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights for 32 x 32 pixels, with a scope gate that lets everything through."""
    from tumorscope.model.vgg16_layers import FEATURE_BLOCKS, FILTERS

    folder = write_tiny_bundle(tmp_path_factory.mktemp("tiny"))
    plain = read_bundle(folder)
    features, pixels = np.zeros((1, sum(FILTERS[:FEATURE_BLOCKS])), np.float32), np.zeros((1, 32, 32, 3), np.float32)
    count = describe_slices(features, pixels).shape[1]
    scope = {"reference": np.zeros((1, count), np.float32)}
    manifest = plain.manifest.model_copy(update={"trust": make_trust(picture_limit=1e6, mr_limit=1e6)})
    write_bundle(folder, manifest, plain.weights, plain.golden_files, scope=scope)
    return folder


@pytest.fixture(scope="session")
def tiny_address(tiny_bundle_folder: Path) -> Iterator[str]:
    """Where `tiny_bundle_folder` is served over a socket, in this process."""
    with serve(create_app(Settings(bundle=tiny_bundle_folder))) as address:
        yield address


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[Any]:
    """See `tests.ray_cluster`."""
    with run_cluster() as cluster:
        yield cluster
