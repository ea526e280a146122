"""What nginx serves from its own disk."""

import json
import os
import re
import shutil
import subprocess

import httpx
import pytest

from tests.compose.stack import ROOT, Stack

SECURITY_HEADERS = json.loads((ROOT / "frontend" / "security-headers.json").read_text(encoding="utf-8"))


def test_page_is_served_with_its_security_headers(client: httpx.Client) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert "Tumorscope" in response.text
    for name, value in SECURITY_HEADERS.items():
        assert response.headers.get_list(name) == [value]


@pytest.mark.parametrize("path", ["/api/health", "/no-such-page", "/api/no-such-route"])
def test_security_headers_are_on_every_answer_once(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    for name, value in SECURITY_HEADERS.items():
        assert headers.get_list(name) == [value]


def test_server_does_not_tell_its_version(client: httpx.Client) -> None:
    assert client.get("/").headers["server"] == "nginx"


def test_page_is_always_asked_for_again_and_its_hashed_files_never(client: httpx.Client) -> None:
    page = client.get("/")
    assert page.headers["cache-control"] == "no-cache"
    assets = re.findall(r'"(/assets/[^"]+)"', page.text)
    assert assets
    for path in assets:
        response = client.get(path)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_absent_asset_is_not_cached(client: httpx.Client) -> None:
    response = client.get("/assets/absent.js")
    assert response.status_code == 404
    assert "cache-control" not in response.headers


def test_scripts_are_compressed(client: httpx.Client) -> None:
    (script,) = re.findall(r'src="(/assets/[^"]+\.js)"', client.get("/").text)
    assert client.get(script).headers["content-encoding"] == "gzip"


def test_person_can_use_the_page_in_a_browser(stack: Stack) -> None:
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        pytest.skip("no Chromium was found; on Debian: apt-get install chromium")
    journeys = subprocess.run(
        ["npm", "--prefix", "tests/e2e", "test", "--", "--grep", "@smoke"],
        cwd=ROOT,
        env=os.environ | {"BASE_URL": stack.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert journeys.returncode == 0, journeys.stdout + journeys.stderr
