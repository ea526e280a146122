"""The documentation's site builds without a warning, holds what it links to, and fetches nothing from elsewhere."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.documentation.pages import PAGES, ROOT

_LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")
_PATH = re.compile(r"`(\w[\w./-]*/[\w.-]*)`")
_FETCHED = re.compile(r'<(?:script|img|source|link)\b[^>]*?\b(?:src|srcset|href)="([^"]+)"')
_REFERENCE = re.compile(r'\b(?:src|srcset|href)="(?!https?:|mailto:|data:|#)([^"#?]+)')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command: list[str | Path] = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", folder]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (built.returncode, built.stderr) == (0, "")
    return folder


def test_site_links_to_what_it_holds_and_fetches_nothing_from_elsewhere(site: Path) -> None:
    pages = [page for page in site.rglob("*.html") if page.name != "404.html"]
    assert len(pages) == len(PAGES)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        outside = [address for address in _FETCHED.findall(text) if address.startswith(("http:", "https:", "//"))]
        assert outside == [], f"{page.name} fetches {outside}"
        absent = [place for place in _REFERENCE.findall(text) if not (page.parent / unquote(place)).exists()]
        assert absent == [], f"{page.name} links to {absent}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_hold_in_the_repository_too(page: Path) -> None:
    links = _LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("name", ["README.md", "docs/code-map.md"])
def test_maps_lead_to_files_that_exist(name: str) -> None:
    paths = _PATH.findall((ROOT / name).read_text(encoding="utf-8"))
    package = ROOT / "backend/src/tumorscope"
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists() and not (package / path).exists()] == []


def test_functions_on_the_path_of_a_jpeg_exist() -> None:
    steps = re.findall(r"`([\w/]+\.py)` `(\w+)\(\)`", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(steps) >= 8
    for path, function in steps:
        text = (ROOT / "backend/src/tumorscope" / path).read_text(encoding="utf-8")
        assert f"def {function}(" in text, f"{path} has no {function}"


def test_every_dependency_has_a_line() -> None:
    text = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8").lower()
    project = tomllib.loads((ROOT / "backend/pyproject.toml").read_text(encoding="utf-8"))["project"]
    stated = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    names = {re.split(r"[\[<>=; ]", requirement)[0] for requirement in stated} - {"tumorscope"}
    for folder in ("frontend", "tests/e2e"):
        package = json.loads((ROOT / folder / "package.json").read_text(encoding="utf-8"))
        names |= package.get("dependencies", {}).keys() | package.get("devDependencies", {}).keys()
    # Types go with what they are of, and the page names its tools without the scope of their packages.
    tools = {name.removesuffix("-cpu").rpartition("/")[2] for name in names if not re.match("@?types[-/]", name)}
    assert [name for name in sorted(tools) if name.lower() not in text] == []
