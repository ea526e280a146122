"""`make audit` fails for a known vulnerability, and says where it could not ask: with pip-audit and npm themselves."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]


@contextmanager
def _advisories(python: dict[str, str], page: dict[str, str]) -> Iterator[str]:
    """The address of a service that knows of an advisory for each of these packages: OSV's and npm's way."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer: object = _answer_npm(page) if self.path.endswith("/bulk") else _answer_osv(python, body)
            content = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            """Not to the tests' output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def _answer_osv(advisories: dict[str, str], query: bytes) -> object:
    name = json.loads(query)["package"]["name"]
    if name not in advisories:
        return {}
    affected = [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": []}]
    return {"vulns": [{"id": advisories[name], "summary": "", "affected": affected}]}


def _answer_npm(advisories: dict[str, str]) -> object:
    return {
        name: [{"id": 1, "url": "", "title": "", "severity": severity, "vulnerable_versions": "*"}]
        for name, severity in advisories.items()
    }


def _audit(address: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/audit_dependencies.py", "--osv-url", f"{address}/v1/query"]
    environment = {**os.environ, "npm_config_registry": f"{address}/", "npm_config_fetch_retries": "0"}
    return subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600)


@pytest.fixture(autouse=True)
def _needs_npm() -> None:
    if shutil.which("npm") is None:
        pytest.skip("no npm was found")


def test_known_vulnerability_fails_and_a_lesser_one_of_the_page_is_counted() -> None:
    with _advisories({"python-multipart": "PYSEC-2099-1"}, {"vite": "high", "typescript": "moderate"}) as address:
        audited = _audit(address)
    assert audited.returncode == 1
    assert "VULNERABLE: python-multipart" in audited.stdout
    assert "PYSEC-2099-1, fixed in no version yet" in audited.stdout
    assert "VULNERABLE: frontend: vite: high" in audited.stdout
    assert "typescript: " not in audited.stdout
    assert re.search(r"^frontend: \d+ packages audited, [1-9]\d* with lesser advisories", audited.stdout, re.MULTILINE)


def test_nothing_known_passes_and_says_how_much_was_asked_for() -> None:
    with _advisories({}, {}) as address:
        audited = _audit(address)
    assert audited.returncode == 0
    assert "not audited" not in audited.stdout
    (python,) = [line for line in audited.stdout.splitlines() if line.startswith("Python packages: ")]
    assert int(python.split()[2]) > 50


def test_service_that_cannot_be_reached_is_said_and_is_no_failure() -> None:
    # Port 9 discards, and nothing listens there.
    audited = _audit("http://127.0.0.1:9")
    assert audited.returncode == 0
    assert audited.stdout.count("not audited: no advisory service reached") == 3
