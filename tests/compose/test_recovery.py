"""The page outlives its service, and finds it again."""

import httpx

from tests.compose.predicting import assert_predicted, assert_problem, phantom_file, post_picture
from tests.compose.stack import Stack


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
