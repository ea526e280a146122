"""A request is answered by the names of the service only, and for pages of its own origin or allowed ones."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.backend.integration.problems import check_problem
from tumorscope.api.app import create_app
from tumorscope.api.settings import Settings

_VIEWER = "https://viewer.example"


@pytest.fixture(scope="module")
def client() -> TestClient:
    return _make_client(allowed_hosts="Tumorscope.Example, scanner-3")


@pytest.fixture(scope="module")
def client_for_viewer() -> TestClient:
    return _make_client(allowed_hosts="api.example", allowed_origins=_VIEWER)


def _make_client(**names: str) -> TestClient:
    # Without its lifespan the application loads no model; health and documentation need none.
    settings = Settings.model_validate({"bundle": Path("absent"), **names})
    return TestClient(create_app(settings), base_url="http://127.0.0.1:8000")


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "10.1.2.3", "[::1]:8000", "[fe80::1]", "tumorscope.example:443",
     "scanner-3"],
)  # fmt: skip
def test_names_of_the_service_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/health/live", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["elsewhere.example", "localhost.elsewhere.example", "127.0.0.1.example", "2130706433", "localhost:8000:1",
     "a/../b", "[", "]", "[::1", "[localhost", "a" * 10_000, "", "höst", "x@localhost"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/health", "/docs", "/openapi.json", "/model", "/absent"])
def test_any_other_name_is_refused_and_not_repeated(client: TestClient, host: str, path: str) -> None:
    response = client.get(path, headers={b"host": host.encode()})
    check_problem(response, 421, "unknown_host")
    assert host not in {*response.headers.values(), response.json()["detail"]}
    check_problem(client.post("/predict", content=b"scan", headers={b"host": host.encode()}), 421, "unknown_host")


@pytest.mark.parametrize(
    "sent",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8000"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": "null"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/predict"), ("POST", "/volume"), ("OPTIONS", "/predict"),
     ("GET", "/health"), ("GET", "/metrics"), ("GET", "/absent")],
)  # fmt: skip
def test_a_page_of_another_origin_is_refused(client: TestClient, method: str, path: str, sent: dict[str, str]) -> None:
    response = client.request(method, path, headers={**sent, "Access-Control-Request-Method": "POST"})
    check_problem(response, 403, "forbidden_origin")
    assert not [name for name in response.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8000"},
        # A proxy in front may have changed the host.
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://tumorscope.example"},
        {"Origin": "http://127.0.0.1:8000"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"},
    ],
    ids=str,
)
def test_programs_own_pages_and_opened_links_are_answered(client: TestClient, sent: dict[str, str]) -> None:
    assert client.get("/docs", headers=sent).status_code == 200


def test_form_of_another_page_that_leads_to_the_answer_is_refused(client: TestClient) -> None:
    sent = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}
    check_problem(client.post("/predict", headers=sent), 403, "forbidden_origin")


def test_allowed_page_may_send_what_programs_send_and_read_the_answer(client_for_viewer: TestClient) -> None:
    sent = {"Origin": _VIEWER, "Sec-Fetch-Site": "cross-site"}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-request-id"}
    preflight = client_for_viewer.options("/predict", headers={**sent, **asked})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == _VIEWER
    assert preflight.headers["access-control-allow-headers"] == "authorization,x-request-id"
    answer = client_for_viewer.get("/health/live", headers=sent)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == _VIEWER
    assert "X-Request-Id" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in answer.headers


def test_allowing_one_page_allows_no_other(client_for_viewer: TestClient) -> None:
    response = client_for_viewer.get("/health", headers={"Origin": "https://viewer.example.elsewhere.example"})
    check_problem(response, 403, "forbidden_origin")
