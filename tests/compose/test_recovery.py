"""The page outlives its service, and finds it again."""

import os
import subprocess
from pathlib import Path

import httpx

from tests.compose.predicting import assert_predicted, assert_problem, phantom_file, post_picture
from tests.compose.stack import ROOT, Stack, compose_command

# Not the two minutes that a model may take to load.
_SOON = "services: {backend: {healthcheck: {interval: 1s, start_period: 1s, retries: 1}}}"


def test_backend_that_ends_is_started_again_and_predicts(stack: Stack, client: httpx.Client) -> None:
    restarts = stack.inspect("backend")["RestartCount"]
    stack.execute("backend", "python", "-c", "import os, signal; os.kill(1, signal.SIGTERM)")
    stack.wait_until_healthy("backend", least_restarts=restarts + 1)
    assert_predicted(post_picture(client, phantom_file()))


def test_backend_with_a_new_address_is_found(stack: Stack, client: httpx.Client) -> None:
    stack.compose("up", "--detach", "--no-deps", "--force-recreate", "backend")
    stack.wait_until_healthy("backend")
    assert_predicted(post_picture(client, phantom_file()))


def test_stopped_backend_is_a_problem_that_says_when_to_try_again(stack: Stack, client: httpx.Client) -> None:
    stack.compose("stop", "backend")
    try:
        # 137 is a kill: the service did not end by itself within its time.
        assert stack.inspect("backend")["State"]["ExitCode"] in (0, 143)
        for response in (client.get("/api/health"), post_picture(client, phantom_file())):
            assert_problem(response, 503, "not_ready")
            assert response.headers["retry-after"] == "2"
        assert client.get("/").status_code == 200
    finally:
        stack.compose("start", "backend")
        stack.wait_until_healthy("backend")
    assert_predicted(post_picture(client, phantom_file()))


def test_up_says_why_the_service_is_not_ready(stack: Stack, tmp_path: Path) -> None:
    store, soon = tmp_path / "empty", tmp_path / "soon.yml"
    store.mkdir()
    soon.write_text(_SOON)
    files = ("docker-compose.yml", "docker-compose.models.yml", str(soon))
    options = ["--env-file", ".env.example", "-p", f"{stack.project}-empty", *(f"--file={file}" for file in files)]
    compose = [*compose_command(), *options]
    environment = {**os.environ, "MODELS": str(store), "WEB_PORT": "0"}
    try:
        command = ["make", "up", f"COMPOSE={' '.join(compose)}"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert "The service is not ready. Its log says:" in done.stderr
        assert "model_refused" in done.stderr
    finally:
        subprocess.run([*compose, "down", "--volumes", "--rmi", "local"], cwd=ROOT, env=environment, check=True)
