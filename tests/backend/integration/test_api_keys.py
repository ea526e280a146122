"""API keys over HTTP, changed by ``tumorscope key`` while the service runs."""

import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from tests.backend.integration.problems import check_problem
from tests.factories import make_manifest, make_outputs, make_phantom_file
from tests.serving import connect, listen
from tests.waiting import PATIENCE_S, wait_until
from tumorscope import cli
from tumorscope.api.app import create_app
from tumorscope.api.lifecycle.service import Service
from tumorscope.api.settings import Settings
from tumorscope.domain.errors import ApiKeysInvalid
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.engine import Outputs
from tumorscope.model.bundle import Bundle

_MIB = 2**20


class _Engine:
    """Answers the same to everything."""

    name = "constant"
    device = "cpu"

    def run(self, batch: object) -> Outputs:
        import numpy as np

        return make_outputs(np.zeros((len(batch), 4), np.float32))  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Running:
    """A service with keys on a port of its own, and the file that holds their hashes."""

    client: httpx.Client
    address: tuple[str, int]
    keys_file: Path

    def ask(self, key: str | None, path: str = "/model") -> httpx.Response:
        return self.client.get(path, headers={} if key is None else {"X-API-Key": key})

    def wait_until(self, key: str, status: int) -> None:
        wait_until(lambda: self.ask(key).status_code == status)


def _run_key(keys_file: Path, *arguments: str) -> str:
    """What ``tumorscope key`` prints."""
    done = CliRunner().invoke(cli.app, ["key", *arguments], env={"TUMORSCOPE_API_KEYS_FILE": str(keys_file)})
    if done.exception is not None:
        raise done.exception
    return done.output


def _make_key(keys_file: Path, *arguments: str) -> str:
    return _run_key(keys_file, "new", *arguments).strip()


@pytest.fixture(scope="module", params=["h11", "httptools"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Running]:
    keys_file = tmp_path_factory.mktemp("keys") / "keys"
    keys_file.touch()
    app = create_app(Settings(bundle=Path("unread"), api_keys_file=keys_file))
    service: Service = app.state.components.service
    service.classifier = Classifier(Bundle(make_manifest(), "", {}, {}), _Engine())
    # Without its lifespan the application loads no other model.
    with listen(app, http=request.param, lifespan="off") as address, connect(address) as client:
        yield _Running(client, address, keys_file)


@pytest.fixture(scope="module")
def key(running: _Running) -> str:
    """The secret of a key that holds throughout."""
    secret = _make_key(running.keys_file, "ward-3")
    running.wait_until(secret, 200)
    return secret


def test_right_key_is_served_in_either_header(running: _Running, key: str) -> None:
    for headers in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}, {"authorization": f"bearer {key}"}):
        assert running.client.get("/model", headers=headers).status_code == 200
        files = {"file": make_phantom_file(size=64)}
        assert running.client.post("/predict", headers=headers, files=files).status_code == 200


def test_key_is_accepted_beside_the_authorization_of_a_proxy(running: _Running, key: str) -> None:
    for authorization in ("Basic d2FyZDpzZWNyZXQ=", "Bearer of-the-proxy"):
        headers = {"X-API-Key": key, "Authorization": authorization}
        assert running.client.get("/model", headers=headers).status_code == 200


def test_client_without_a_key_is_told_how_to_send_one(running: _Running) -> None:
    for headers in ({}, {"X-API-Key": ""}, {"Authorization": "Basic d2FyZDpzZWNyZXQ="}, {"Authorization": "Bearer"}):
        response = running.client.get("/model", headers=headers)
        check_problem(response, 401, "missing_api_key")
        assert response.headers["www-authenticate"].startswith("Bearer")


def test_any_wrong_key_is_refused(running: _Running, key: str) -> None:
    for wrong in ("x", key[:-1], key + "x", key.upper(), "ward-3", "x" * 10_000):
        check_problem(running.ask(wrong), 403, "wrong_api_key")
    # A query is logged by proxies: no place for a key.
    check_problem(running.client.get(f"/model?api_key={key}"), 401, "missing_api_key")


def test_health_and_documentation_need_no_key(running: _Running) -> None:
    for path in ("/health", "/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready"):
        assert running.client.get(path).status_code == 200
    for path in ("/docs", "/docs.css", "/openapi.json"):
        assert running.client.get(path).status_code == 200


def test_all_other_paths_need_a_key_whether_they_exist_or_not(running: _Running) -> None:
    # No other spelling of a path that needs none goes round the check.
    for path in (
        "/",
        "/model",
        "/metrics",
        "/absent",
        "/health/../model",
        "//health",
        "/MODEL",
        "/docs/",
        "/health%2f",
    ):
        check_problem(running.client.get(path), 401, "missing_api_key")
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"):
        assert running.client.request(method, "/predict").status_code == 401


def test_client_of_the_inference_protocol_gets_the_protocol_s_error(running: _Running, key: str) -> None:
    for path in ("/v2", "/v2/models/tiny", "/v2/models/tiny/infer"):
        response = running.client.get(path)
        assert (response.status_code, response.json()["code"]) == (401, "missing_api_key")
        assert response.json()["error"] == response.json()["detail"]
    assert running.ask(key, "/v2").status_code == 200


def test_answer_to_a_refused_request_has_the_headers_of_any_other(running: _Running) -> None:
    headers = running.client.get("/model", headers={"X-Request-Id": "ward-3.scan_12"}).headers
    assert headers["x-request-id"] == "ward-3.scan_12"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


def test_key_is_replaced_without_a_restart_and_without_a_gap(running: _Running, key: str) -> None:
    old = _make_key(running.keys_file, "clinic-2026")
    running.wait_until(old, 200)
    new = _make_key(running.keys_file, "clinic-2027")
    running.wait_until(new, 200)
    assert running.ask(old).status_code == 200, "old and new hold together"
    _run_key(running.keys_file, "revoke", "clinic-2026")
    running.wait_until(old, 403)
    assert running.ask(new).status_code == 200
    assert running.ask(key).status_code == 200


def test_damaged_file_keeps_the_present_keys(running: _Running, key: str, caplog: pytest.LogCaptureFixture) -> None:
    good = running.keys_file.read_text()
    running.keys_file.write_text(good + "a line that is no key\n")

    def is_noticed() -> bool:
        assert running.ask(key).status_code == 200
        return "api_keys_refused" in [record.message for record in caplog.records]

    try:
        with caplog.at_level(logging.WARNING):
            wait_until(is_noticed)
        assert running.ask(key).status_code == 200
    finally:
        running.keys_file.write_text(good)


def test_key_beyond_its_rate_limit_is_told_when_to_retry(running: _Running, key: str) -> None:
    fast = _make_key(running.keys_file, "fast", "--rate", "20", "--burst", "3")
    running.wait_until(fast, 200)
    while (answer := running.ask(fast)).status_code == 200:
        pass
    check_problem(answer, 429, "rate_limited")
    assert 1 <= int(answer.headers["retry-after"]) <= 3
    assert running.ask(key).status_code == 200, "another key's limit is its own"
    running.wait_until(fast, 200)


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "wrong"}])
def test_large_upload_without_a_key_is_refused_before_its_body_is_read(
    running: _Running, headers: dict[str, str]
) -> None:
    stated = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: {200 * _MIB}\r\n{stated}\r\n"
    with socket.create_connection(running.address, PATIENCE_S) as connection:
        connection.sendall(head.encode())
        # Nothing of the body was sent, and the answer is there.
        answer = connection.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 403 " if headers else b"HTTP/1.1 401 ")
        assert b"connection: close" in answer.lower()
        # What lies in the kernel's buffers counts as sent.
        assert _send_until_closed(connection, 200 * _MIB) < 32 * _MIB


def _send_until_closed(connection: socket.socket, most: int) -> int:
    sent = 0
    try:
        while sent < most:
            sent += connection.send(bytes(_MIB))
    except (BrokenPipeError, ConnectionResetError):
        pass
    return sent


def test_client_that_sends_its_upload_at_once_reads_why_it_is_refused(running: _Running) -> None:
    check_problem(running.client.post("/predict", content=bytes(400_000)), 401, "missing_api_key")
    check_problem(running.client.post("/predict", content=(bytes(1000) for _ in range(9))), 401, "missing_api_key")


def test_connection_stays_open_after_a_refused_request_without_a_body(running: _Running, key: str) -> None:
    ask = "GET /model HTTP/1.1\r\nHost: localhost\r\n{}\r\n"
    with socket.create_connection(running.address, PATIENCE_S) as connection:
        connection.sendall(ask.format("").encode())
        assert connection.recv(65_536).startswith(b"HTTP/1.1 401 ")
        connection.sendall(ask.format(f"X-API-Key: {key}\r\n").encode())
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_log_has_the_keys_name_and_never_a_secret(
    running: _Running, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = "tsk_that-was-never-made"
    with caplog.at_level(logging.DEBUG):
        running.ask(key)
        running.ask(wrong)
        running.client.get("/model", headers={"Authorization": f"Bearer {wrong}"})
        another = _make_key(running.keys_file, "another")
        running.wait_until(another, 200)
    lines = [str(record.__dict__) for record in caplog.records]
    assert any("'client': 'ward-3'" in line for line in lines)
    assert any("api_keys" in line and "another" in line for line in lines)
    for secret in (key, wrong, another):
        assert not [line for line in lines if secret in line]


@pytest.mark.parametrize(
    ("arguments", "keys", "sentence"),
    [
        (
            ("serve", "--host", "0.0.0.0"),  # noqa: S104
            None,
            "The service would listen on 0.0.0.0, where other machines can reach it, without",
        ),
        (("serve", "--host", "0.0.0.0"), "", "The file of API keys cannot be read: Is a directory."),  # noqa: S104
        (("serve",), "damaged", "Line 1 of the file of API keys is not a key"),
        (("key", "revoke", "ward-3"), "absent", "The file of API keys cannot be read: No such file or directory."),
    ],
)
def test_command_that_fails_says_why_in_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], keys: str | None, sentence: str
) -> None:
    (tmp_path / "damaged").write_text("Jane Doe\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TUMORSCOPE_")}
    environment |= {"COLUMNS": "500", "TUMORSCOPE_BUNDLE": str(tmp_path / "unread")}
    if keys is not None:
        environment["TUMORSCOPE_API_KEYS_FILE"] = str(tmp_path / keys) if keys else ""
    command = [sys.executable, "-m", "tumorscope", *arguments]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert ended.returncode == 1
    assert ended.stderr.startswith(sentence)
    assert "Traceback" not in ended.stderr
    assert "Jane" not in ended.stderr


def test_key_command_lists_names_and_limits_and_refuses_unknown_names(tmp_path: Path) -> None:
    keys_file = tmp_path / "keys"
    secret = _make_key(keys_file, "ward-3", "--rate", "60")
    _make_key(keys_file, "ward-4")
    assert keys_file.stat().st_mode & 0o777 == 0o600
    assert secret not in keys_file.read_text()
    listed = _run_key(keys_file, "list").splitlines()
    assert [line.split()[0] for line in listed] == ["ward-3", "ward-4"]
    assert listed[0].endswith("60 a minute, 10 at once")
    for arguments, sentence in (
        (("new", "ward-4"), "There is already a key named ward-4"),
        (("new", "Jane Doe"), "A key's name is at most"),
        (("revoke", "absent"), "There is no key named absent"),
    ):
        with pytest.raises(ApiKeysInvalid, match=sentence):
            _run_key(keys_file, *arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["keys"], "nothing is left beside the file"


def test_change_keeps_comments_other_keys_and_the_files_mode(tmp_path: Path) -> None:
    keys_file = tmp_path / "keys"
    keys_file.write_text("# Keys of the radiology.\n")
    keys_file.chmod(0o640)
    _make_key(keys_file, "a")
    _make_key(keys_file, "b")
    _run_key(keys_file, "revoke", "a")
    lines = keys_file.read_text().splitlines()
    assert lines[0] == "# Keys of the radiology."
    assert [line.split()[0] for line in lines[1:]] == ["b"]
    assert keys_file.stat().st_mode & 0o777 == 0o640


def test_link_to_a_keys_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("keys")
    _make_key(tmp_path / "link", "a")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "keys").read_text().startswith("a ")
