"""Rules for every answer and every line of source, except API keys."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import tumorscope
from tests.backend.integration.problems import check_problem
from tumorscope.api.app import create_app
from tumorscope.api.lifecycle import service
from tumorscope.api.settings import Settings

_ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    # Without its lifespan the application loads no model, and there is none to wait for.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "_WAIT_S", 0.1)
        yield TestClient(create_app(Settings()), follow_redirects=False, raise_server_exceptions=False)


@pytest.mark.parametrize(
    "path", ["/health", "/health/live", "/model", "/predict", "/docs", "/docs.css", "/openapi.json", "/absent"]
)
def test_every_answer_has_the_security_headers_once(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers.get_list("cache-control") == ["no-store"]
    assert headers.get_list("content-security-policy") == [
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ]
    assert headers.get_list("cross-origin-opener-policy") == ["same-origin"]
    assert headers.get_list("cross-origin-resource-policy") == ["same-origin"]
    assert headers.get_list("referrer-policy") == ["no-referrer"]
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert headers.get_list("x-frame-options") == ["DENY"]


@pytest.mark.parametrize(
    "path", ["/health", "/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready", "/openapi.json"]
)
def test_head_is_answered_as_get_without_a_body(client: TestClient, path: str) -> None:
    head, whole = client.head(path), client.get(path)
    assert (head.status_code, head.headers["content-type"]) == (whole.status_code, whole.headers["content-type"])


@pytest.mark.parametrize("path", ["/health/", "/predict/", "//predict", "/docs/", "/docs/oauth2-redirect", "/redoc"])
def test_no_redirect_leads_to_the_host_of_a_request(client: TestClient, path: str) -> None:
    check_problem(client.get(path, headers={"X-Forwarded-Host": "elsewhere.example"}), 404, "not_found")


def test_documentation_loads_nothing_from_other_hosts(client: TestClient) -> None:
    assert client.get("/docs").headers["content-type"] == "text/html; charset=utf-8"
    assert client.get("/docs.css").headers["content-type"] == "text/css; charset=utf-8"


def test_tests_named_in_the_table_of_controls_exist() -> None:
    table = (_ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:backend|compose)/[\w/]+\.py)`", table))
    assert len(named) > 15
    assert {path for path in named if not (_ROOT / "tests" / path).is_file()} == set()
    assert set(re.findall(r"`([\w/]*test_\w+\.py)`", table)) == named


# What runs or rebuilds objects from data: a model, a picture or a request must never reach one of these.
_FORBIDDEN_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml"}
_FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}


def _sources() -> Iterator[Path]:
    for folder in (Path(tumorscope.__file__).parent, _ROOT / "scripts"):
        yield from sorted(folder.rglob("*.py"))


def _find_unsafe(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.partition(".")[0] in _FORBIDDEN_MODULES)
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").partition(".")[0] in _FORBIDDEN_MODULES:
                yield node.module or ""
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in _FORBIDDEN_CALLS:
                yield node.func.id
            for keyword in node.keywords:
                is_false = isinstance(keyword.value, ast.Constant) and not keyword.value.value
                if keyword.arg in {"allow_pickle", "shell"} and not is_false:
                    yield f"{keyword.arg}="
                # Keras rebuilds arbitrary functions of a file otherwise.
                if keyword.arg == "safe_mode" and is_false:
                    yield "safe_mode=False"


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from joblib import load",
        "import yaml",
        "eval('1')",
        "np.load(f, allow_pickle=True)",
        "np.load(f, allow_pickle=wanted)",
        "run(command, shell=True)",
        "keras.models.load_model(f, safe_mode=False)",
    ],
)
def test_search_for_unsafe_code_finds_it(line: str) -> None:
    assert list(_find_unsafe(ast.parse(line)))


def test_source_never_executes_data() -> None:
    found = {
        f"{source.relative_to(_ROOT)}: {name}"
        for source in _sources()
        for name in _find_unsafe(ast.parse(source.read_text(encoding="utf-8")))
    }
    assert found == set()
