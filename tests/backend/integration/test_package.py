"""The wheel serves and predicts by itself: with its model, and with no package that requirements.lock does not hold."""

import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests import processes
from tests.factories import make_phantom_file
from tumorscope.version import VERSION

_ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, as a build leaves files in the folder that it is made from."""
    source, output = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    shutil.copy(_ROOT / "backend/pyproject.toml", source)
    shutil.copytree(_ROOT / "backend/src/tumorscope", source / "src/tumorscope")
    options: list[str | Path] = [
        "--no-deps",
        "--no-build-isolation",
        "--disable-pip-version-check",
        "--wheel-dir",
        output,
    ]
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", *options, source], check=True)
    return next(output.glob("*.whl"))


@pytest.fixture
def installed(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python processes that are started find the wheel's content, and only the packages that serving needs."""
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    hide = f"import sys\nsys.modules.update(dict.fromkeys({_list_other_modules()!r}))\n"
    (tmp_path / "site/sitecustomize.py").write_text(hide, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    monkeypatch.delenv("TUMORSCOPE_BUNDLE", raising=False)
    monkeypatch.chdir(tmp_path)


def _list_other_modules() -> list[str]:
    """Modules of this environment that an installation from requirements.lock does not bring."""
    lock = (_ROOT / "backend/requirements.lock").read_text(encoding="utf-8")
    locked = {*re.findall(r"^([\w.-]+)==", lock, re.MULTILINE), "tumorscope"}
    return [
        module
        for module, names in packages_distributions().items()
        if locked.isdisjoint(re.sub(r"[-_.]+", "-", name).lower() for name in names)
    ]


def test_changelog_wheel_and_page_are_of_one_version(wheel: Path) -> None:
    changelog = (_ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    latest = re.search(r"^## (\d+\.\d+\.\d+)", changelog, re.MULTILINE)
    page = json.loads((_ROOT / "frontend/package.json").read_text(encoding="utf-8"))
    assert latest is not None
    assert latest[1] == VERSION == wheel.name.split("-")[1] == page["version"]


@pytest.mark.usefixtures("installed")
def test_predicts_with_the_model_that_it_carries(tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(make_phantom_file())
    result = _run("predict", "--format", "json", "scan.png")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["model"]["name"] == "tumorscope-vgg16"


@pytest.mark.usefixtures("installed")
def test_serves_with_the_model_that_it_carries(tmp_path: Path) -> None:
    with processes.serve(tmp_path / "site/tumorscope/default_model", tmp_path / "service.log") as served:
        served.wait_for_status("ready")
        answer = served.client.post("/predict", files={"file": make_phantom_file()})
    assert answer.json()["model"]["engine"] in {"litert-int8", "ncnn-float32", "ncnn-int8"}


@pytest.mark.usefixtures("installed")
def test_training_says_what_to_install() -> None:
    result = _run("train", "tumorscope_default", "--data", ".")
    assert (result.returncode, result.stdout) == (1, "")
    assert re.fullmatch(r"This command needs \w+, .*: pip install 'tumorscope\[train\]'\n", result.stderr)


@pytest.mark.usefixtures("installed")
def test_scoring_an_archive_says_what_to_install() -> None:
    result = _run("score", ".", "--engine", "local")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "This command needs pyarrow, which is not installed: pip install 'tumorscope[scale]'\n"


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tumorscope", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)
