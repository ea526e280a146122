"""``tumorscope score``: an archive's answers are those of the service, each study once, whatever interrupts the run."""

import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_FSIZE, prlimit
from threading import Thread
from typing import Any

import numpy as np
import psutil
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from tests.factories import make_dicom_bytes, make_nifti_bytes, make_phantom_file, make_slice
from tests.orthanc import needs_orthanc, run_orthanc
from tests.ray_cluster import describe_node
from tests.waiting import PATIENCE_S, wait_for_state, wait_until
from tests.watching import make_study
from tumorscope.api.app import create_app
from tumorscope.api.settings import Settings
from tumorscope.cli import app
from tumorscope.domain.errors import InvalidRequest, PeerUnavailable
from tumorscope.model.bundle import read_bundle
from tumorscope.model.store import DEFAULT_BUNDLE

pytest.importorskip("pyarrow", reason="the extra `scale` is not installed")

from tumorscope.scale.answers import TABLES, read_done, read_table

_NOTICE = "Investigational. Not for diagnostic use."
_VERSION = read_bundle(DEFAULT_BUNDLE).manifest.version
_MANY = 60

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures, a series, its ZIP, a volume, and files that are broken or none of scans."""
    root = tmp_path_factory.mktemp("archive")
    series = root / "patient" / "series"
    series.mkdir(parents=True)
    for number in range(8):
        stated: dict[str, Any] = {"SOPInstanceUID": f"1.2.3.4.{number}", "ImagePositionPatient": [0, 0, 5 * number]}
        data = make_dicom_bytes(make_slice(number + 1, lesion=True, size=128).pixels, InstanceNumber=number, **stated)
        (series / f"{number}.dcm").write_bytes(data)
    with zipfile.ZipFile(root / "series.zip", "w") as packed:
        for file in series.iterdir():
            packed.write(file, file.name)
    voxels = np.stack([make_slice(number, size=96).pixels for number in range(1, 9)], 2)
    (root / "volume.nii.gz").write_bytes(make_nifti_bytes(voxels, compressed=True))
    (root / "cut.png").write_bytes(make_phantom_file()[:500])
    (root / "void.png").touch()
    (root / "notes.txt").write_text("call the ward")
    (root / os.fsdecode(b"caf\xe9.png")).write_bytes(make_phantom_file(size=96))
    (root / "many").mkdir()
    for number in range(_MANY):
        (root / "many" / f"{number:03}.png").write_bytes(make_phantom_file(seed=number % 7 + 1, size=64))
    return root


@pytest.fixture(scope="module", autouse=True)
def _engine() -> Iterator[None]:
    """The same in all processes, without measuring which is the fastest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUMORSCOPE_ENGINE", "ncnn-int8")
        patch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
        yield


def _list_arguments(output: Path, sources: tuple[Path | str, ...], more: tuple[str, ...]) -> list[str]:
    return ["score", *map(str, sources), "--output", str(output), "--workers", "2", "--part-studies", "5", *more]


def _score(output: Path, *sources: Path | str, more: tuple[str, ...] = ()) -> str:
    """What the command prints, run in this process without Ray; its error is raised."""
    arguments = _list_arguments(output, sources, ("--engine", "local", *more))
    return CliRunner().invoke(app, arguments, catch_exceptions=False).output


def _start(
    output: Path, *sources: Path | str, cluster: str | None = None, more: tuple[str, ...] = ()
) -> subprocess.Popen[str]:
    """The command as a process, without Ray unless a cluster is named."""
    engine = ("--engine", "local") if cluster is None else ()
    return subprocess.Popen(
        [sys.executable, "-m", "tumorscope", *_list_arguments(output, sources, (*engine, *more))],
        env={**os.environ, "RAY_ADDRESS": cluster or ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _read(output: Path) -> Rows:
    tables = {name: read_table(output, name).to_pylist() for name in TABLES}
    return {name: sorted(rows, key=lambda row: (row["study"], row.get("rank"))) for name, rows in tables.items()}


@pytest.fixture(scope="module")
def running(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A run that nothing disturbs, while it goes on."""
    output = tmp_path_factory.mktemp("undisturbed") / "scores"
    with _start(output, archive) as process:
        yield output, process


@pytest.fixture(scope="module")
def undisturbed(running: tuple[Path, subprocess.Popen[str]]) -> Rows:
    output, process = running
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    return _read(output)


def test_each_study_has_a_row_and_bad_files_have_their_codes(undisturbed: Rows) -> None:
    answered = {tuple(sorted(Path(file).name for file in row["files"])) for row in undisturbed["studies"]}
    assert answered == {
        tuple(f"{number}.dcm" for number in range(8)),
        ("series.zip",),
        ("volume.nii.gz",),
        ("caf\\xe9.png",),
        *((f"{number:03}.png",) for number in range(_MANY)),
    }
    failed = {Path(row["files"][0]).name: row["code"] for row in undisturbed["failures"]}
    assert failed == {"cut.png": "corrupt_file", "void.png": "corrupt_file"}
    for rows in undisturbed.values():
        assert {row["notice"] for row in rows} <= {_NOTICE}
        assert {row["model_version"] for row in rows} <= {_VERSION}
    assert len({row["study"] for row in undisturbed["studies"]}) == len(answered)


def test_parquet_says_which_model_answered(archive: Path, tmp_path: Path) -> None:
    _score(tmp_path / "scores", archive / "volume.nii.gz")
    for name in TABLES:
        metadata = read_table(tmp_path / "scores", name).schema.metadata
        assert json.loads(metadata[b"model"])["engine"] == "ncnn-int8"
        assert metadata[b"notice"].decode() == _NOTICE


def _agree(row: object, answer: object) -> bool:
    """Whether a row holds what the answer says, bit for bit; it leaves some fields out."""
    if isinstance(row, dict):
        assert isinstance(answer, dict)
        return all(_agree(value, answer[name]) for name, value in row.items())
    if isinstance(row, list):
        assert isinstance(answer, list)
        return len(row) == len(answer) and all(map(_agree, row, answer))
    return row == answer


def _compare_with_service(client: TestClient, output: Path) -> int:
    """How many findings the service gives; its answers are those of the tables."""
    rows, findings = read_table(output, "studies").to_pylist(), read_table(output, "findings").to_pylist()
    for row in rows:
        parts = [("file", (Path(file).name, Path(file).read_bytes())) for file in row["files"]]
        response = client.post("/predict", files=parts)
        assert response.status_code == 200, response.text
        answer = response.json()
        ours = {"study", "files", "dicom_files", "model_version"}
        said = {name: value for name, value in row.items() if name not in ours}
        assert _agree(said, answer), row["files"]
        assert row["model_version"] == answer["model"]["version"]
        own = sorted((one for one in findings if one["study"] == row["study"]), key=lambda one: one["rank"])
        origin = {"study", "rank", "model_version", "notice"}
        found = [{name: value for name, value in one.items() if name not in origin} for one in own]
        assert _agree(found, answer["findings"])
    return len(findings)


def test_answers_are_those_of_the_service_bit_for_bit(archive: Path, tmp_path: Path) -> None:
    sources = [archive / "patient", archive / "volume.nii.gz", archive / "many" / "000.png", archive / "series.zip"]
    _score(tmp_path / "scores", *sources)
    with TestClient(create_app(Settings())) as client:
        wait_for_state(client, "ready")
        _compare_with_service(client, tmp_path / "scores")
    assert len(read_done(tmp_path / "scores")) == len(sources)


def test_answers_to_real_scans_are_those_of_the_service(data_folder: Path, tmp_path: Path) -> None:
    sources = [data_folder / "field/healthy_sagittal_t1", data_folder / "volumes/tcia_brain_tumor_progression"]
    output = tmp_path / "scores"
    _score(output, sources[0], sources[1] / "01" / "Pre_Scan_T1.nii.gz")
    with TestClient(create_app(Settings())) as client:
        wait_for_state(client, "ready")
        assert _compare_with_service(client, output) > 0


def _wait_for_parts(process: subprocess.Popen[str], output: Path, count: int = 2) -> None:
    def are_written() -> bool:
        if process.poll() is not None:
            raise AssertionError(process.communicate())
        return len(list(output.glob("part=*"))) >= count

    wait_until(are_written)


def test_run_killed_at_any_point_ends_with_the_same_rows(archive: Path, tmp_path: Path, undisturbed: Rows) -> None:
    output = tmp_path / "scores"
    with _start(output, archive) as process:
        _wait_for_parts(process, output)
        process.kill()
    done = len(read_done(output))
    assert 0 < done < len(undisturbed["studies"]) + len(undisturbed["failures"])
    # As a run that is killed amid a part leaves it.
    (output / ".part=000099").mkdir()
    (output / ".part=000099" / "studies.parquet").write_bytes(b"PAR1")
    _score(output, archive)
    assert _read(output) == undisturbed
    assert not list(output.glob(".part=*"))


def _fill_disk(process: subprocess.Popen[str]) -> None:
    """From now on the command cannot write its answers; it says so, and ends."""
    prlimit(process.pid, RLIMIT_FSIZE, (1000, RLIM_INFINITY))
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    # Ray's own processes may write there, too.
    assert "File too large" in errors.splitlines()


def test_full_disk_is_a_sentence_and_the_next_run_goes_on(archive: Path, tmp_path: Path, undisturbed: Rows) -> None:
    output = tmp_path / "scores"
    with _start(output, archive) as process:
        _wait_for_parts(process, output, 1)
        _fill_disk(process)
    _score(output, archive)
    assert _read(output) == undisturbed


@contextmanager
def _run_archive(on_request: Callable[[tuple[str, int]], object]) -> Iterator[str]:
    """Address of a study that its archive lists no series of; called with who asks, before the answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            on_request(self.client_address)
            with suppress(OSError):
                self.send_response(204)
                self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"dicomweb+http://127.0.0.1:{server.server_port}/studies/1.2.74"
        server.shutdown()


def _list_failures(output: Path) -> dict[str, str]:
    return {Path(row["files"][0]).name: row["code"] for row in _read(output)["failures"]}


def test_file_that_vanishes_amid_the_run_is_a_failure_and_is_tried_again_by_the_next(
    archive: Path, tmp_path: Path
) -> None:
    vanishing = tmp_path / "vanishing.png"
    shutil.copy(archive / "many" / "000.png", vanishing)
    output = tmp_path / "scores"
    # The first study is asked for when all are listed, and before the second is read.
    with _run_archive(lambda _: vanishing.unlink()) as study:
        _score(output, study, vanishing, archive / "void.png", more=("--workers", "1"))
    assert _list_failures(output) == {"1.2.74": "no_file", "vanishing.png": "unreadable", "void.png": "corrupt_file"}
    shutil.copy(archive / "many" / "000.png", vanishing)
    _score(output, vanishing, archive / "void.png")
    assert _list_failures(output) == {"1.2.74": "no_file", "void.png": "corrupt_file"}
    assert [row["files"] for row in _read(output)["studies"]] == [[str(vanishing)]]


def test_sources_are_listed_in_a_file_and_found_twice_are_answered_once(archive: Path, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_bytes(b"\n".join(os.fsencode(archive / name) for name in ("patient", "void.png", "missing.png")))
    output, empty = tmp_path / "scores", tmp_path / "empty"
    empty.mkdir()
    _score(output, archive / "patient", empty, more=("--list", str(listed)))
    rows = _read(output)
    assert [len(row["files"]) for row in rows["studies"]] == [8]
    assert {Path(row["files"][0]).name: row["code"] for row in rows["failures"]} == {
        "void.png": "corrupt_file",
        "missing.png": "unreadable",
        "empty": "no_file",
    }


def _refuse(*_: object, **__: object) -> None:
    raise RuntimeError("away")


def test_object_storage_is_read_as_folders_are(archive: Path, tmp_path: Path) -> None:
    from upath import UPath

    bucket = UPath("memory://bucket/archive")
    for file in [*(archive / "patient" / "series").iterdir(), archive / "volume.nii.gz", archive / "cut.png"]:
        place = bucket / str(file.relative_to(archive))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.read_bytes())
    outputs = tmp_path / "stored", tmp_path / "here"
    stored = ("memory://bucket/archive", "memory://bucket/absent.png")
    _score(outputs[0], *stored)
    _score(outputs[1], archive / "patient", archive / "volume.nii.gz", archive / "cut.png")
    assert len(read_done(outputs[0])) == 3
    rows = [_read(output) for output in outputs]
    said = {Path(row["files"][0]).name: (row["code"], row["detail"]) for row in rows[0]["failures"]}
    assert said["absent.png"] == ("unreadable", "No such file or directory")
    assert said["cut.png"][0] == "corrupt_file"
    assert all(file.startswith("memory://bucket/") for row in rows[0]["studies"] for file in row["files"])
    answers = [sorted(str({**row, "study": "", "files": []}) for row in one["studies"]) for one in rows]
    assert answers[0] == answers[1]
    _score(outputs[0], *stored)
    assert _read(outputs[0]) == rows[0]
    # As the libraries of other storages, which have errors of their own, when the server is away.
    away = tmp_path / "away"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fsspec.implementations.memory.MemoryFileSystem._open", _refuse)
        _score(away, *stored)
    assert {row["code"] for row in _read(away)["failures"]} == {"unreadable"}
    _score(away, *stored)
    assert _read(away) == rows[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fsspec.implementations.memory.MemoryFileSystem.ls", _refuse)
        with pytest.raises(InvalidRequest, match="cannot be listed: away"):
            _score(away, *stored)


def test_server_that_does_not_answer_is_a_sentence(tmp_path: Path) -> None:
    for more in ((), ("--dry-run",)):
        with pytest.raises(InvalidRequest, match="cannot be listed"):
            _score(tmp_path / "scores", "http://127.0.0.1:1/archive", more=more)


def test_source_that_is_not_there_ends_the_command(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        _score(tmp_path / "scores", archive / "patient", archive / "mistyped")
    assert not (tmp_path / "scores").exists()


def test_output_within_a_source_is_refused(archive: Path) -> None:
    with pytest.raises(InvalidRequest, match="lies within a source"):
        _score(archive / "scores", archive)
    assert not (archive / "scores").exists()


def test_storage_that_nothing_installed_reads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="cannot be read"):
        _score(tmp_path / "scores", "tape://robot/archive")


@needs_orthanc
def test_archive_is_read_by_dicomweb(tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    for number, uid in enumerate(("1.2.71", "1.2.72")):
        for place, data in enumerate(make_study(uid, slices=3 + number)):
            (scans / uid).mkdir(parents=True, exist_ok=True)
            (scans / uid / f"{place}.dcm").write_bytes(data)
    (tmp_path / "orthanc").mkdir()
    login = ("reader", "secret")
    (tmp_path / "login").write_text(":".join(login))
    output, here = tmp_path / "scores", tmp_path / "here"
    with pytest.MonkeyPatch.context() as patch, run_orthanc(tmp_path / "orthanc", login=login) as orthanc:
        patch.setenv("TUMORSCOPE_PACS_LOGIN", str(tmp_path / "login"))
        orthanc.put([file.read_bytes() for file in scans.rglob("*.dcm")])
        orthanc.put(make_study("1.2.73", Modality="CT"))
        source = f"dicomweb+{orthanc.dicomweb}"
        assert "2 studies without an answer" in _score(output, source, more=("--dry-run",))
        _score(output, source)
        with pytest.raises(InvalidRequest, match="TUMORSCOPE_PACS_LOGIN"):
            _score(output, f"dicomweb+http://reader:secret@127.0.0.1:{orthanc.http}/dicom-web")
    _score(here, scans)
    rows = _read(output)
    assert {row["files"][0] for row in rows["studies"]} == {f"{source}/studies/{uid}" for uid in ("1.2.71", "1.2.72")}
    answers = [[{**row, "study": "", "files": []} for row in _read(one)["studies"]] for one in (output, here)]
    assert sorted(map(str, answers[0])) == sorted(map(str, answers[1]))
    # The archive has gone: what is known stays, and what is not is left for another run.
    with pytest.raises(PeerUnavailable):
        _score(output, source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tumorscope.scale.dicomweb._WAITS_S", ())
        assert "1 studies are left" in _score(output, f"{source}/studies/1.2.73")
    assert _read(output) == rows


def test_dicom_objects_are_those_of_predict(archive: Path, tmp_path: Path) -> None:
    folders = tmp_path / "scored", tmp_path / "predicted"
    sources = [archive / "patient", archive / "volume.nii.gz"]
    _score(tmp_path / "scores", *sources, more=("--dicom-out", str(folders[0])))
    command = ["predict", "--dicom-out", str(folders[1]), *map(str, sources)]
    CliRunner().invoke(app, command, catch_exceptions=False)
    names = [sorted(file.name for file in folder.iterdir()) for folder in folders]
    assert names[0] == names[1]
    assert names[0]
    rows = read_table(tmp_path / "scores", "studies").to_pylist()
    assert sorted(name for row in rows for name in row["dicom_files"]) == names[0]
    assert sorted(len(row["dicom_files"]) for row in rows) == [0, len(names[0])]


def test_study_whose_dicom_objects_cannot_be_written_is_left(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "full").touch()
    sources = [archive / "patient", archive / "volume.nii.gz"]
    printed = _score(tmp_path / "scores", *sources, more=("--dicom-out", str(tmp_path / "full")))
    assert "1 studies are left" in printed
    assert len(read_done(tmp_path / "scores")) == 1


def test_study_that_takes_more_memory_than_allowed_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "large.nii.gz").write_bytes(make_nifti_bytes(np.ones((512, 512, 200), np.uint16), compressed=True))
    output = tmp_path / "scores"
    _score(output, tmp_path / "large.nii.gz", more=("--study-mib", "64"))
    assert [row["code"] for row in _read(output)["failures"]] == ["expands_too_much"]


def test_dry_run_counts_and_writes_nothing(archive: Path, tmp_path: Path) -> None:
    printed = _score(tmp_path / "scores", archive, more=("--dry-run",))
    assert printed.startswith(f"{_MANY + 14} files, {_MANY + 6} studies without an answer; ")
    assert not (tmp_path / "scores").exists()


def test_answers_of_another_engine_and_other_folders_are_refused(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "scores"
    _score(output, archive / "many" / "000.png")
    with pytest.raises(InvalidRequest, match="name another folder"):
        _score(archive, archive / "many")
    monkeypatch.setenv("TUMORSCOPE_ENGINE", "ncnn")
    with pytest.raises(InvalidRequest, match="name another folder"):
        _score(output, archive / "many")


def test_two_runs_do_not_write_into_one_folder(archive: Path, tmp_path: Path) -> None:
    output = tmp_path / "scores"
    with _start(output, archive) as process:
        wait_until(lambda: (output / "model.json").exists() or process.poll() is not None)
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(InvalidRequest, match="Another run"):
            _score(output, archive)
        process.kill()


@pytest.mark.cluster
def test_killed_driver_full_disk_and_killed_node_end_with_the_same_rows(
    running: object,  # noqa: ARG001  (the cluster starts while it goes on)
    ray_cluster: Any,
    archive: Path,
    tmp_path: Path,
    undisturbed: Rows,
) -> None:
    output = tmp_path / "scores"
    node = ray_cluster.add_node(**describe_node())
    with _start(output, archive, cluster=ray_cluster.address) as process:
        _wait_for_parts(process, output)
        process.kill()
    assert len(read_done(output)) < len(undisturbed["studies"])
    parts = len(list(output.glob("part=*")))
    with _start(output, archive, cluster=ray_cluster.address) as process:
        _wait_for_parts(process, output, parts + 1)
        _fill_disk(process)
    parts = len(list(output.glob("part=*")))
    with _start(output, archive, cluster=ray_cluster.address) as process:
        _wait_for_parts(process, output, parts + 1)
        ray_cluster.remove_node(node, allow_graceful=False)
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    assert _read(output) == undisturbed


@pytest.mark.cluster
def test_ray_started_here_lists_as_failures_what_vanishes_and_what_ends_its_worker_each_time(
    archive: Path, tmp_path: Path
) -> None:
    pytest.importorskip("ray", reason="the extra `scale` is not installed")
    output, scans, vanishing = tmp_path / "scores", tmp_path / "scans", tmp_path / "vanishing.png"
    scans.mkdir()
    for file in (scans / "first.png", vanishing):
        shutil.copy(archive / "many" / "000.png", file)

    def end_worker(address: tuple[str, int]) -> None:
        vanishing.unlink(missing_ok=True)
        [worker] = (one.pid for one in psutil.net_connections("tcp") if one.laddr == address and one.pid)
        os.kill(worker, signal.SIGKILL)

    # The folder is read as object storage is. One worker reads in the order in which the studies are listed.
    with _run_archive(end_worker) as study:
        arguments = (f"file://{scans}", study, vanishing)
        with _start(output, *arguments, cluster="local", more=("--workers", "1")) as process:
            _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    assert [Path(row["files"][0]).name for row in _read(output)["studies"]] == ["first.png"]
    assert _list_failures(output) == {"1.2.74": "worker_died", "vanishing.png": "unreadable"}
    assert errors.splitlines()[-2:] == [
        f"1 studies answered, 2 failed; 3 in {output}",
        "1 could not be opened: another run tries them again.",
    ]
