import os
import socket
import subprocess
from collections.abc import Iterator

import httpx
import pytest

from tests.compose.stack import Stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode != 0:
        pytest.fail("These tests need a running Docker engine.", pytrace=False)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        stack = Stack(f"tumorscope-test-{os.getpid()}", probe.getsockname()[1])
    try:
        stack.compose("build")
        try:
            stack.compose("up", "--detach")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{stack.logs()[-8000:]}") from None
        for service in ("backend", "frontend"):
            stack.wait_until_healthy(service)
        yield stack
    finally:
        stack.compose("down", "--volumes", "--remove-orphans", "--rmi", "local", "--timeout", "5")


@pytest.fixture
def client(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=120, trust_env=False) as client:
        yield client
