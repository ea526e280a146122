"""``tumorscope predict`` over folders, as a user runs it."""

import csv
import json
import os
import signal
import subprocess
import sys
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from tests.factories import make_dicom_bytes, make_nifti_bytes, make_phantom_file, write_tiny_int8_bundle
from tests.waiting import PATIENCE_S, wait_until
from tumorscope.model.store import DEFAULT_BUNDLE

_NOTICE = "Investigational. Not for diagnostic use."
_MANY = 20


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_int8_bundle(tmp_path_factory.mktemp("bundle"))


def _command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "tumorscope", "predict", *map(str, arguments)]


def _environment(bundle: Path) -> dict[str, str]:
    return {**os.environ, "COLUMNS": "200", "TF_CPP_MIN_LOG_LEVEL": "3", "TUMORSCOPE_BUNDLE": str(bundle)}


def _run(bundle: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(*arguments), env=_environment(bundle), capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )


def _voxels() -> NDArray[np.uint16]:
    inside = np.indices((40, 40, 6)) - np.array([20, 20, 3]).reshape(3, 1, 1, 1)
    head = (np.abs(inside[0]) < 14) & (np.abs(inside[1]) < 16)
    voxels: NDArray[np.uint16] = (head * np.random.default_rng(0).integers(200, 900, head.shape)).astype(np.uint16)
    return voxels


def _write_series(folder: Path, uid: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(6):
        data = make_dicom_bytes(
            _voxels()[:, :, index],
            SeriesInstanceUID=uid,
            StudyInstanceUID="1.2.3",
            PatientID="p",
            ImagePositionPatient=[0, 0, 5 * index],
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        )
        (folder / f"{uid}.{index}.dcm").write_bytes(data)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A folder as departments have them: pictures, two series in one folder, volumes, a case, a ZIP, other things."""
    root = tmp_path / "archive"
    _write_series(root / "mixed", "1.2.1")
    _write_series(root / "mixed", "1.2.2")
    (root / "slice.png").write_bytes(make_phantom_file())
    (root / "cut.png").write_bytes(make_phantom_file()[:500])
    (root / "notes.txt").write_text("call the ward")
    (root / "volume.nii.gz").write_bytes(make_nifti_bytes(_voxels()))
    for name in ("t1", "t1ce", "seg"):
        (root / f"case_001_{name}.nii").write_bytes(make_nifti_bytes(_voxels()))
    with zipfile.ZipFile(root / "series.zip", "w") as packed:
        for file in (root / "mixed").glob("1.2.1.*"):
            packed.write(file, file.name)
    return root


def _by_first_file(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {Path(row["files"][0]).name: row for row in rows}


def test_folder_is_read_study_by_study_and_a_bad_file_is_listed(archive: Path, bundle: Path) -> None:
    result = _run(bundle, archive, "--format", "json")
    document = json.loads(result.stdout)
    rows = _by_first_file(document["predictions"])
    assert sorted(rows) == [
        "1.2.1.0.dcm",
        "1.2.2.0.dcm",
        "case_001_seg.nii",
        "cut.png",
        "series.zip",
        "slice.png",
        "volume.nii.gz",
    ]
    assert result.returncode == 1
    assert rows["cut.png"]["error"]["code"] == "corrupt_file"
    assert "cut.png: corrupt_file" in result.stderr
    for name in ("1.2.1.0.dcm", "series.zip"):
        scan = rows[name]["input"]
        assert (scan["format"], scan["plane"], scan["slice_count"]) == ("dicom", "axial", 6)
        assert len(rows[name]["slices"]) == 6
    # The same slices, the same answer.
    assert rows["series.zip"]["probabilities"] == rows["1.2.1.0.dcm"]["probabilities"]
    assert [warning["code"] for warning in rows["case_001_seg.nii"]["input"]["warnings"]][:1] == [
        "segmentation_left_out"
    ]
    assert sum(rows["slice.png"]["probabilities"].values()) == pytest.approx(1)
    assert document["notice"] == _NOTICE


def test_one_series_of_a_folder_is_read(archive: Path, bundle: Path) -> None:
    rows = _by_first_file(
        json.loads(_run(bundle, archive, "--series", "1.2.1", "--format", "json").stdout)["predictions"]
    )
    assert sorted(rows) == ["1.2.1.0.dcm", "series.zip"]
    assert [one["uid"] for one in rows["series.zip"]["input"]["series"]] == ["1.2.1"]
    result = _run(bundle, archive, "--series", "1.2.9")
    assert result.returncode == 1
    assert "series.zip: unknown_series" in result.stderr


def test_nothing_that_was_named_vanishes(tmp_path: Path, bundle: Path) -> None:
    folder, empty = tmp_path / "scans", tmp_path / "empty"
    folder.mkdir()
    empty.mkdir()
    (folder / "good.png").write_bytes(make_phantom_file())
    (folder / "void.png").touch()
    (folder / "text.nii.gz").write_text("no volume")
    (folder / "stub.dcm").write_bytes(b"DICM")
    (folder / "README").write_text("of the data set")
    os.mkfifo(folder / "pipe.png")
    result = _run(bundle, folder, tmp_path / "misspelt.png", empty, tmp_path / "scans" / "pipe.png", "--format=json")
    rows = [(Path(row["files"][0]).name, row.get("error", {})) for row in json.loads(result.stdout)["predictions"]]
    assert [(name, error.get("code")) for name, error in rows] == [
        ("good.png", None),
        ("pipe.png", "unsupported_format"),
        ("stub.dcm", "unsupported_format"),
        ("text.nii.gz", "unsupported_format"),
        ("void.png", "corrupt_file"),
        ("empty", "no_file"),
        ("misspelt.png", "unreadable"),
        ("pipe.png", "unsupported_format"),
    ]
    assert result.returncode == 1
    assert "misspelt.png: unreadable: No such file or directory" in result.stderr


def test_results_that_cannot_be_written_are_a_sentence(tmp_path: Path, bundle: Path) -> None:
    (tmp_path / "slice.png").write_bytes(make_phantom_file())
    os.mkfifo(tmp_path / "pipe")
    for results, sentence in (
        (tmp_path, "not a regular file"),
        (tmp_path / "pipe", "not a regular file"),
        (tmp_path / "slice.png" / "results.ndjson", f"{tmp_path / 'slice.png'}: "),
    ):
        result = _run(bundle, tmp_path / "slice.png", "--results", results)
        assert result.returncode == 1
        assert sentence in result.stderr.replace("\n", " ")
        assert "Traceback" not in result.stderr


def test_csv_is_no_formula(tmp_path: Path, bundle: Path) -> None:
    (tmp_path / "=HYPERLINK(1).png").write_bytes(make_phantom_file())
    command = [*_command(), "=HYPERLINK(1).png", "--format", "csv"]
    result = subprocess.run(command, cwd=tmp_path, env=_environment(bundle), capture_output=True, text=True, check=True)
    [row] = csv.DictReader(StringIO(result.stdout))
    assert row["study"] == "'=HYPERLINK(1).png"
    assert 0 <= float(row["tumor_probability"]) <= 1


def test_narrow_terminal_wraps_names_and_cuts_no_figure(tmp_path: Path) -> None:
    name = "long" * 20
    (tmp_path / f"{name}.png").write_bytes(make_phantom_file())
    environment = {**_environment(DEFAULT_BUNDLE), "COLUMNS": "80"}
    result = subprocess.run(
        _command(tmp_path), env=environment, capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["study", "decision", "glioma", "meningioma", "no_tumor", "pituitary", "slice"]
    assert max(map(len, lines)) <= 80
    assert name in "".join(line.split(" ")[0] for line in lines)


def test_csv_has_a_row_a_study_with_model_and_notice(archive: Path, bundle: Path) -> None:
    result = _run(bundle, archive / "mixed", archive / "cut.png", "--format", "csv", "--jobs", "1")
    rows = list(csv.DictReader(StringIO(result.stdout)))
    assert [row["files"] for row in rows] == ["6", "6", "1"]
    assert {row["notice"] for row in rows} == {_NOTICE}
    assert {row["model"] for row in rows} == {"tiny 0.0.1"}
    assert [row["error"] for row in rows] == ["", "", "corrupt_file"]
    assert all(0 <= float(row["tumor_probability"]) <= 1 for row in rows[:2])


def test_interrupted_run_goes_on_where_it_stopped_and_opens_no_file_twice(tmp_path: Path, bundle: Path) -> None:
    folder, results = tmp_path / "scans", tmp_path / "results.ndjson"
    folder.mkdir()
    for index in range(_MANY):
        (folder / f"{index:04}.png").write_bytes(make_phantom_file(seed=index % 3, size=64))
    # Takes far longer than the pictures before it, on any machine: the interruption comes while it is read.
    last = np.repeat(_voxels()[:, :, 2:3], 2000, axis=2)
    (folder / "last.nii.gz").write_bytes(make_nifti_bytes(last))
    # A shell starts what runs in its background with the signal ignored, and a child inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    running = subprocess.Popen(
        _command(folder, "--results", results, "--format", "ndjson", "--jobs", "1"),
        env=_environment(bundle),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )

    def has_begun() -> bool:
        assert running.poll() is None
        return results.exists() and results.read_bytes().count(b"\n") >= 10

    wait_until(has_begun)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 130
    assert errors.splitlines()[-1] == b"interrupted"
    assert b"Traceback" not in errors
    before = results.read_bytes().splitlines()[1:]
    assert 9 <= len(before) <= _MANY
    # What was read is made unreadable: whoever opened it again would fail on it.
    for line in before:
        Path(json.loads(line)["files"][0]).write_text("read before")
    with results.open("ab") as stream:
        stream.write(b'{"files": ["torn')
    result = _run(bundle, folder, "--results", results, "--format", "ndjson")
    assert result.returncode == 0, result.stderr
    header, *rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert header["notice"] == _NOTICE
    assert sorted(Path(row["files"][0]).name for row in rows) == sorted(path.name for path in folder.iterdir())
    assert results.read_text() == result.stdout


def test_results_of_another_model_are_not_continued(tmp_path: Path, bundle: Path) -> None:
    (tmp_path / "slice.png").write_bytes(make_phantom_file())
    results = tmp_path / "results.ndjson"
    results.write_text('{"model": {"name": "other"}, "notice": "x"}\n')
    result = _run(bundle, tmp_path / "slice.png", "--results", results)
    assert result.returncode == 1
    assert "name another file" in result.stderr
    assert results.read_text() == '{"model": {"name": "other"}, "notice": "x"}\n'


def test_dicom_objects_are_written_of_dicom_images_alone(bundle: Path, archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "objects"
    command = ("--format", "ndjson", "--dicom-out", folder, archive / "mixed", archive / "volume.nii.gz")
    first = _run(bundle, *command)
    assert first.returncode == 0, first.stderr
    rows = [json.loads(line) for line in first.stdout.splitlines()[1:]]
    named = [row["dicom_files"] for row in rows if row["input"]["format"] == "dicom"]
    assert [row["dicom_files"] for row in rows if row["input"]["format"] != "dicom"] == [[]]
    written = {path.name for path in folder.iterdir()}
    assert {name for names in named for name in names} == written
    # Each series has a report and a picture; its images state no frame of reference, which a map needs.
    assert sorted(pydicom.dcmread(folder / name).Modality for name in named[0]) == ["OT", "SR"]
    assert _run(bundle, *command).returncode == 0
    assert {path.name for path in folder.iterdir()} == written
