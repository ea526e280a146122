"""The ``tumorscope`` command, as a user runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.factories import make_phantom_file, write_tiny_int8_bundle
from tumorscope.version import VERSION


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_int8_bundle(tmp_path_factory.mktemp("bundle"))


def _run(*arguments: str | Path, bundle: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "160", "TF_CPP_MIN_LOG_LEVEL": "3"}
    if bundle is not None:
        environment["TUMORSCOPE_BUNDLE"] = str(bundle)
    command = [sys.executable, "-m", "tumorscope", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_version_is_the_packages() -> None:
    assert _run("--version").stdout == f"tumorscope {VERSION}\n"


def test_path_that_cannot_be_written_is_a_sentence_not_a_stack(tmp_path: Path) -> None:
    result = _run("phantom", tmp_path)
    assert (result.returncode, result.stderr) == (1, f"{tmp_path}: Is a directory\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_full_disk_is_a_sentence_not_a_stack() -> None:
    run = _run("phantom", "/dev/full")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == "No space left on device\n"


def test_phantom_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert _run("phantom", tmp_path / name, "--seed", "7", "--lesion").returncode == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes().startswith(b"\x89PNG")


def test_predict_lists_a_bad_file_and_goes_on(tmp_path: Path, bundle: Path) -> None:
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    good.write_bytes(make_phantom_file())
    bad.write_text("not a picture")
    result = _run("predict", "--format", "json", bad, good, bundle=bundle)
    document = json.loads(result.stdout)
    assert result.returncode == 1
    assert document["predictions"][0]["error"]["code"] == "unsupported_format"
    assert sum(document["predictions"][1]["probabilities"].values()) == pytest.approx(1)
    assert document["notice"] == "Investigational. Not for diagnostic use."


def test_predict_prints_a_table_with_the_notice(tmp_path: Path, bundle: Path) -> None:
    (tmp_path / "scan.png").write_bytes(make_phantom_file())
    result = _run("predict", tmp_path / "scan.png", bundle=bundle)
    assert result.returncode == 0
    for word in ("decision", "no_tumor", "lesion", "tiny 0.0.1", "Investigational"):
        assert word in result.stdout


def test_missing_bundle_is_a_sentence_not_a_stack(tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(make_phantom_file())
    result = _run("predict", tmp_path / "scan.png", bundle=tmp_path / "nowhere")
    assert result.returncode == 1
    assert "manifest.json cannot be read" in result.stderr
    assert "Traceback" not in result.stderr


def test_training_without_data_says_what_to_do(tmp_path: Path) -> None:
    result = _run("train", "tumorscope_default", "--data", tmp_path, "--run-folder", tmp_path / "run")
    assert result.returncode == 1
    assert "--data or TUMORSCOPE_DATA" in result.stderr
