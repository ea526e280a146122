"""Waits until something holds. The ceiling only ends a test that hangs: no machine is so slow that it needs it."""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

PATIENCE_S = 180


def wait_until(holds: Callable[[], object], *, every_s: float = 0.02) -> None:
    """Return when it holds; fail when it never does."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it never held"
        time.sleep(every_s)


def wait_for_state(client: "TestClient", state: str) -> None:
    """Until a service has started, and is in this state."""
    wait_until(lambda: client.get("/health").json()["status"] != "starting")
    assert client.get("/health").json()["status"] == state


async def until(holds: Callable[[], object]) -> None:
    """`wait_until`, beside the event loop."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110  (what is waited for sets no event)
            await asyncio.sleep(0.001)
