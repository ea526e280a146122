"""Two containers of the service behind nginx, replaced in turn under load: no request is lost."""

import os
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import numpy as np
import pytest

from tests.compose.predicting import assert_predicted, phantom_file, post_picture
from tests.compose.stack import ROOT, Stack
from tests.factories import make_nifti_bytes
from tests.waiting import PATIENCE_S, wait_until
from tumorscope.imaging.phantom import draw_phantom

BACKENDS = ("backend", "backend-b")
# nginx buffers an upload below a megabyte and can send it again. A larger one is streamed: only a refused connection is
# tried again.
SMALL = phantom_file()
LARGE = make_nifti_bytes(np.repeat(draw_phantom(7, True, 256)[:, :, None], 20, axis=2).astype(np.uint8))


@pytest.fixture(scope="module")
def two_backends(stack: Stack) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMPOSE_PROFILES", "ha")
        stack.compose("up", "--detach", "--no-deps", "backend-b")
        try:
            for service in BACKENDS:
                stack.wait_until_healthy(service)
            yield stack
        finally:
            stack.compose("rm", "--stop", "--force", "backend-b")
            stack.wait_until_healthy("backend")


@contextmanager
def _steady_load(stack: Stack) -> Iterator[Counter[tuple[int, str]]]:
    """Several clients, each sending one picture or volume after the other; counts of their sizes and answers."""
    assert len(SMALL) < 1_000_000 < len(LARGE)
    ended = threading.Event()
    answers: Counter[tuple[int, str]] = Counter()

    def ask(content: bytes) -> None:
        with httpx.Client(base_url=stack.url, timeout=PATIENCE_S, trust_env=False) as client:
            while not ended.is_set():
                try:
                    response = client.post("/api/predict", content=content)
                    got = str(response.status_code) if response.status_code == 200 else response.text
                except httpx.TransportError as error:
                    got = repr(error)
                answers[(len(content), got)] += 1

    with ThreadPoolExecutor(5) as executor:
        asking = [executor.submit(ask, content) for content in (SMALL, SMALL, SMALL, LARGE, LARGE)]
        try:
            yield answers
        finally:
            ended.set()
    for one in asking:
        one.result()


def _count(answers: Counter[tuple[int, str]]) -> int:
    # A copy: other threads count on.
    return sum(list(answers.values()))


def _log_of_predictions(stack: Stack, service: str) -> int:
    return stack.compose("logs", "--no-color", "--tail", "all", service).count('"route": "/predict", "status": 200')


def test_rolling_restart_under_load_loses_no_request(two_backends: Stack) -> None:
    before = {service: two_backends.container(service) for service in BACKENDS}
    with _steady_load(two_backends) as answers:
        wait_until(lambda: len(answers) == 2)
        done = subprocess.run(
            ["make", "rolling-restart"],
            cwd=ROOT,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("TUMORSCOPE_")},
                "COMPOSE_PROJECT_NAME": two_backends.project,
                "WEB_PORT": str(two_backends.web_port),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        before_end = _count(answers)
        wait_until(lambda: _count(answers) > before_end + 10)
    assert done.returncode == 0, done.stdout + done.stderr
    after = {service: two_backends.container(service) for service in BACKENDS}
    assert not set(before.values()) & set(after.values())
    assert set(answers) == {(len(SMALL), "200"), (len(LARGE), "200")}, answers
    # Both containers have answered, so none of the requests merely waited for the other.
    assert all(_log_of_predictions(two_backends, service) > 0 for service in BACKENDS)


def test_killed_backend_loses_no_picture(two_backends: Stack) -> None:
    with _steady_load(two_backends) as answers:
        wait_until(lambda: len(answers) == 2)
        subprocess.run(["docker", "kill", two_backends.container("backend")], check=True, capture_output=True)
        before_start = _count(answers)
        wait_until(lambda: _count(answers) > before_start + 10)
        two_backends.compose("start", "backend")
        two_backends.wait_until_healthy("backend")
    assert {got for size, got in answers if size == len(SMALL)} == {"200"}, answers
    with httpx.Client(base_url=two_backends.url, timeout=PATIENCE_S, trust_env=False) as client:
        assert_predicted(post_picture(client, phantom_file()))
