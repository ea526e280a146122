"""Waits until a service is what a test needs."""

import time

from fastapi.testclient import TestClient


def wait_for_state(client: TestClient, state: str) -> None:
    """Until it has started, and is in this state."""
    deadline = time.monotonic() + 60
    while (now := client.get("/health").json()["status"]) != state:
        assert now == "starting"
        assert time.monotonic() < deadline
        time.sleep(0.02)
