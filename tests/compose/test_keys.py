"""The key with which nginx asks the service: made at the first start, known to these two alone."""

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.compose.predicting import assert_predicted, assert_problem, phantom_file, post_picture
from tests.compose.stack import ROOT, Stack, run

_SECRET_FILE = "/etc/nginx/client-keys/page.conf"  # noqa: S105
_ASK_ITSELF = (
    "import sys, urllib.request as r, urllib.error as e\n"
    "q = r.Request('http://127.0.0.1:8000' + sys.argv[1], headers=dict(a.split('=', 1) for a in sys.argv[2:]))\n"
    "try: print(r.urlopen(q).status)\n"
    "except e.HTTPError as error: print(error.code)"
)


def _read_secret(stack: Stack) -> str:
    match = re.fullmatch(r'set \$page_key "(tsk_[\w-]{43})";\n', stack.execute("frontend", "cat", _SECRET_FILE))
    assert match is not None
    return match[1]


def _ask_service(stack: Stack, path: str, **headers: str) -> int:
    """Its status to a request that does not come through nginx."""
    stated = [f"{name}={value}" for name, value in headers.items()]
    return int(stack.execute("backend", "python", "-c", _ASK_ITSELF, path, *stated))


def _list_keys(stack: Stack) -> list[str]:
    return [line.split()[0] for line in stack.compose("run", "--rm", "keys", "tumorscope", "key", "list").splitlines()]


def test_service_asks_for_a_key_and_nginx_has_one(stack: Stack, client: httpx.Client) -> None:
    assert _ask_service(stack, "/health") == 200
    assert _ask_service(stack, "/model") == 401
    assert _ask_service(stack, "/model", Authorization="Bearer wrong") == 403
    assert _ask_service(stack, "/model", Authorization=f"Bearer {_read_secret(stack)}") == 200
    assert client.get("/api/model").status_code == 200


def test_what_a_client_states_of_itself_goes_no_further_than_nginx(client: httpx.Client) -> None:
    for stated in ({"X-API-Key": "wrong"}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic d2FyZDp4"}):
        assert client.get("/api/model", headers=stated).status_code == 200


def test_secret_is_in_no_image_no_description_and_no_log(stack: Stack, client: httpx.Client) -> None:
    secret = _read_secret(stack)
    assert client.get("/api/model").status_code == 200
    for service in ("keys", "backend", "frontend"):
        assert secret not in run(["docker", "inspect", stack.container(service)])
        assert "tsk_" not in run(["docker", "history", "--no-trunc", stack.inspect(service)["Image"]])
    assert "tsk_" not in stack.logs()
    assert "tsk_" not in run(["git", "grep", "--untracked", "-hE", "set .page_key|tsk_[A-Za-z0-9_-]{43}$", "frontend"])


def test_container_of_the_service_holds_hashes_and_the_page_secrets_and_neither_can_change_them(stack: Stack) -> None:
    assert stack.execute("backend", "find", "/var/lib/tumorscope", "-type", "f").split() == [
        "/var/lib/tumorscope/api-keys/keys"
    ]
    assert "tsk_" not in stack.execute("backend", "cat", "/var/lib/tumorscope/api-keys/keys")
    for service, folder in (("backend", "/var/lib/tumorscope/api-keys"), ("frontend", "/etc/nginx/client-keys")):
        attempt = subprocess.run(
            ["docker", "exec", "--user", "0", stack.container(service), "touch", f"{folder}/written"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert attempt.returncode != 0
        assert "Read-only file system" in attempt.stderr


def test_container_that_makes_the_keys_has_ended_well_and_had_no_network(stack: Stack) -> None:
    description = stack.inspect("keys")
    assert (description["State"]["Status"], description["State"]["ExitCode"]) == ("exited", 0)
    assert description["HostConfig"]["NetworkMode"] == "none"
    assert description["HostConfig"]["ReadonlyRootfs"]
    assert description["HostConfig"]["CapDrop"] == ["ALL"]


def test_figures_of_operation_are_not_served_through_the_page(client: httpx.Client) -> None:
    for path in ("/api/metrics", "/api/%6detrics", "/api//metrics", "/api/./metrics", "/api/x/../metrics"):
        assert_problem(client.get(path), 404, "not_found")
    assert client.get("/api/metrics/").status_code == 404


def test_documentation_can_be_read_through_the_page(client: httpx.Client) -> None:
    page = client.get("/api/docs")
    assert page.status_code == 200
    assert "POST /predict" in page.text
    assert page.headers.get_list("content-security-policy")[0].count("style-src 'self'") == 1
    for link in re.findall(r'href="([^"#]+)"', page.text):
        assert client.get(f"/api/{link}").status_code == 200


@contextmanager
def _asking_all_the_time(client: httpx.Client) -> Iterator[list[int]]:
    statuses: list[int] = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.wait(0.02):
            try:
                answer = client.get("/api/model")
            except httpx.RemoteProtocolError:
                # nginx closes idle connections as it reloads. A browser, too, sends a GET again then.
                answer = client.get("/api/model")
            statuses.append(answer.status_code)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield statuses
    finally:
        ended.set()
        asking.join()


def test_page_key_is_renewed_while_the_page_is_used(stack: Stack, client: httpx.Client) -> None:
    """The steps of docs/security.md."""
    old_secret = _read_secret(stack)
    (old_name,) = [name for name in _list_keys(stack) if name.startswith("page-")]
    with _asking_all_the_time(client) as statuses:
        stack.compose("run", "--rm", "keys", "make-client-keys", "renew", "page")
        stack.execute("frontend", "nginx", "-s", "reload")
        stack.compose("run", "--rm", "keys", "tumorscope", "key", "revoke", old_name)
        while _ask_service(stack, "/model", Authorization=f"Bearer {old_secret}") != 403:
            pass
        assert _ask_service(stack, "/model", Authorization=f"Bearer {_read_secret(stack)}") == 200
    assert len(statuses) > 20
    assert set(statuses) == {200}


def test_starting_again_keeps_the_keys_and_the_page_works(stack: Stack, client: httpx.Client) -> None:
    secret, names = _read_secret(stack), _list_keys(stack)
    stack.compose("up", "--detach")
    stack.compose("restart", "--timeout", "5", "frontend")
    stack.compose("up", "--detach", "--force-recreate", "--timeout", "40", "backend")
    for service in ("backend", "frontend"):
        stack.wait_until_healthy(service)
    assert (_read_secret(stack), _list_keys(stack)) == (secret, names)
    assert_predicted(post_picture(client, phantom_file()))


@pytest.mark.parametrize("command", [["tumorscope", "serve", "--host", "0.0.0.0"], None])  # noqa: S104
def test_service_alone_and_without_keys_does_not_start(stack: Stack, command: list[str] | None) -> None:
    ended = subprocess.run(
        ["docker", "run", "--rm", stack.inspect("backend")["Image"], *(command or [])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert "without API keys" in " ".join(ended.stderr.split())
