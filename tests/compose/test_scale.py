"""An archive scored by containers: the profile `scale`, whose rows are those of one process."""

from pathlib import Path
from typing import Any

import pytest

from tests.compose.stack import Stack
from tests.factories import make_dicom_bytes, make_phantom_file, make_slice
from tumorscope.scale.answers import TABLES, read_table

NODES = ("ray-head", "ray-worker")


def _write_archive(folder: Path) -> None:
    for study in range(3):
        (series := folder / "scans" / str(study)).mkdir(parents=True)
        for number in range(4):
            stated: dict[str, Any] = {"SOPInstanceUID": f"1.2.{study}.{number}"}
            stated["ImagePositionPatient"] = [0, 0, 5 * number]
            (series / f"{number}.dcm").write_bytes(make_dicom_bytes(make_slice(number + 1, size=96).pixels, **stated))
    for seed in range(1, 4):
        (folder / f"{seed}.png").write_bytes(make_phantom_file(seed=seed, size=64))
    (folder / "cut.png").write_bytes(make_phantom_file()[:500])


def _read(folder: Path) -> dict[str, list[dict[str, Any]]]:
    tables = {name: read_table(folder, name).to_pylist() for name in TABLES}
    return {name: sorted(rows, key=lambda row: (row["study"], row.get("rank"))) for name, rows in tables.items()}


def test_rows_of_a_cluster_of_containers_are_those_of_one_process(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, scores, local = (tmp_path / name for name in ("archive", "scores", "local"))
    _write_archive(archive)
    for folder in (scores, local):
        folder.mkdir()
        # The containers' user is not this one.
        folder.chmod(0o777)
    monkeypatch.setenv("COMPOSE_PROFILES", "scale")
    places = {"SCALE_ARCHIVE": str(archive), "SCALE_SCORES": str(scores), "TUMORSCOPE_ENGINE": "litert"}
    try:
        stack.compose("build", *NODES)
        stack.compose("up", "--exit-code-from", NODES[0], *NODES, **places)
        command = ("tumorscope", "score", "/archive", "--output", "/scores", "--engine", "local")
        stack.compose("run", "--rm", "--no-deps", NODES[0], *command, **{**places, "SCALE_SCORES": str(local)})
        rows = _read(scores)
        assert [len(rows[name]) for name in ("studies", "failures")] == [6, 1]
        assert rows == _read(local)
        for name in NODES:
            limits = stack.inspect(name)["HostConfig"]
            assert limits["ReadonlyRootfs"]
            assert limits["Memory"] > 0
            assert limits["ShmSize"] == 256 * 2**20
    finally:
        stack.compose("rm", "--stop", "--force", *NODES)
