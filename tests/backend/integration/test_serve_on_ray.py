"""The application on Ray Serve, through Serve's proxy: its answers and its refusals are those of the service."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import yaml  # type: ignore[import-untyped]
from fastapi.testclient import TestClient

from tests.factories import make_nifti_bytes, make_phantom_file, make_slice
from tests.ray_cluster import DEPLOYED, REPLICA
from tests.waiting import PATIENCE_S, wait_for_state, wait_until
from tumorscope.api.app import create_app
from tumorscope.api.settings import Settings

pytestmark = pytest.mark.cluster

_CLIENTS = 16


def _write_config(folder: Path) -> tuple[Path, int]:
    """What the manifest deploys, on a free port."""
    manifest = yaml.safe_load((DEPLOYED / "rayservice.yaml").read_text(encoding="utf-8"))
    config = yaml.safe_load(manifest["spec"]["serveConfigV2"])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config["http_options"] |= {"host": "127.0.0.1", "port": port}
    (folder / "serve.yaml").write_text(yaml.safe_dump(config))
    return folder / "serve.yaml", port


@pytest.fixture(scope="module")
def starting(ray_cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], httpx.Client]]:
    """The application while it starts; waits until it is ready, and gives a client."""
    pytest.importorskip("ray.serve", reason="the extra `cluster` is not installed")
    folder = tmp_path_factory.mktemp("serve")
    config, port = _write_config(folder)
    command = [str(Path(sys.executable).with_name("serve")), "run", str(config)]
    with (
        (folder / "log").open("w+b") as log,
        subprocess.Popen(
            command, env={**os.environ, "RAY_ADDRESS": ray_cluster.address}, stdout=log, stderr=log
        ) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S, trust_env=False) as client,
    ):

        def wait() -> httpx.Client:
            wait_until(lambda: _is_ready(client, process, folder / "log"), every_s=0.2)
            return client

        try:
            yield wait
        finally:
            process.kill()


def _is_ready(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        return client.get("/health/ready").is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def volume() -> list[Any]:
    voxels = np.stack([make_slice(number % 20 + 1, size=96).pixels for number in range(40)], 2)
    return [("file", ("volume.nii.gz", make_nifti_bytes(voxels, compressed=True)))]


def test_answers_through_the_proxy_are_those_of_the_service(
    starting: Callable[[], httpx.Client], volume: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in REPLICA.items():
        monkeypatch.setenv(name, value)
    uploads = volume, [("file", ("slice.png", make_phantom_file()))], [("file", ("cut.png", b"\x89PNG"))]
    with TestClient(create_app(Settings())) as own:
        wait_for_state(own, "ready")
        model, expected = own.get("/health").json()["model"], [own.post("/predict", files=files) for files in uploads]
    served = starting()
    assert served.get("/health").json()["model"] == model
    for files, answer in zip(uploads, expected, strict=True):
        given = served.post("/predict", files=files)
        assert given.status_code == answer.status_code
        first, second = (
            {name: value for name, value in one.json().items() if name not in {"id", "timing_ms", "request_id"}}
            for one in (given, answer)
        )
        assert first == second


def test_overload_is_a_503_that_says_when_to_come_again(
    starting: Callable[[], httpx.Client], volume: list[Any]
) -> None:
    served = starting()
    with ThreadPoolExecutor(_CLIENTS) as pool:
        answers = list(pool.map(lambda _: served.post("/predict", files=volume), range(_CLIENTS)))
    assert {answer.status_code for answer in answers} == {200, 503}
    for refused in (answer for answer in answers if answer.status_code == 503):
        assert int(refused.headers["Retry-After"]) > 0
        assert refused.json()["code"] == "overloaded"
