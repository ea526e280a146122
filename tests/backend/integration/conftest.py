"""The service with the shipped model, as a process of its own on a free port."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest

from tests.factories import make_trust, write_tiny_bundle
from tests.serving import serve
from tumorscope.api.app import create_app
from tumorscope.api.settings import Settings
from tumorscope.inference.scope import describe_slices
from tumorscope.model.bundle import read_bundle, write_bundle

_ROOT = Path(__file__).parents[3]
_START_TIMEOUT_S = 180


@dataclass(frozen=True)
class LiveService:
    """A running service, a client for it, and where its log goes."""

    client: httpx.Client
    process: psutil.Process
    log: Path

    @property
    def resident_mib(self) -> float:
        """Resident memory of the process."""
        return float(self.process.memory_info().rss) / 2**20


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The real pictures; tests that need them are skipped without."""
    folder = Path(os.environ.get("TUMORSCOPE_DATA", _ROOT.parent / "shared" / "data"))
    if not (folder / "slices.csv").is_file():
        pytest.skip("the real pictures are absent: set TUMORSCOPE_DATA to the folder that holds slices.csv")
    return folder


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """`tumorscope serve` with the shipped bundle."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("live") / "service.log"
    # Less than the default, so that what is too large for it is soon sent; more than any real scan here.
    limits = {"TUMORSCOPE_MAX_PART_MIB": "32", "TUMORSCOPE_MAX_REQUEST_MIB": "64"}
    environment = {**os.environ, **limits, "TF_CPP_MIN_LOG_LEVEL": "3", "TUMORSCOPE_BUNDLE": str(Settings().bundle)}
    command = [sys.executable, "-m", "tumorscope", "serve", "--port", str(port)]
    with log.open("w") as output, subprocess.Popen(command, env=environment, stdout=output) as server:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                _wait_until_ready(client, server)
                yield LiveService(client, psutil.Process(server.pid), log)
        finally:
            server.terminate()


@pytest.fixture(scope="session")
def tiny_bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights for 32 x 32 pixels, with a scope gate that lets everything through."""
    from tumorscope.model.vgg16 import FEATURE_BLOCKS, FILTERS

    folder = write_tiny_bundle(tmp_path_factory.mktemp("tiny"))
    plain = read_bundle(folder)
    features, pixels = np.zeros((1, sum(FILTERS[:FEATURE_BLOCKS])), np.float32), np.zeros((1, 32, 32, 3), np.float32)
    count = describe_slices(features, pixels).shape[1]
    scope = {"location": np.zeros(count, np.float32), "whitening": np.eye(count, dtype=np.float32)}
    manifest = plain.manifest.model_copy(update={"trust": make_trust(picture_limit=1e6, mr_limit=1e6)})
    write_bundle(folder, manifest, plain.weights, plain.golden_files, scope=scope)
    return folder


@pytest.fixture(scope="session")
def tiny_address(tiny_bundle_folder: Path) -> Iterator[str]:
    """Where `tiny_bundle_folder` is served over a socket, in this process."""
    with serve(create_app(Settings(bundle=tiny_bundle_folder))) as address:
        yield address


def _wait_until_ready(client: httpx.Client, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if client.get("/health/ready").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail(f"the service was not ready within {_START_TIMEOUT_S} s")
