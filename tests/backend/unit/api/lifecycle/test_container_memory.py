"""The memory of a container is read from its control group, version 1 or 2."""

from pathlib import Path

import pytest

from tumorscope.api.lifecycle.container_memory import ContainerMemory, read_container_memory


def _write_version_2(root: Path, limit: str) -> None:
    (root / "memory.max").write_text(f"{limit}\n")
    (root / "memory.current").write_text("900\n")
    (root / "memory.stat").write_text("anon 500\ninactive_file 150\nactive_file 50\n")


def _write_version_1(root: Path, limit: str) -> None:
    folder = root / "memory"
    folder.mkdir()
    (folder / "memory.limit_in_bytes").write_text(f"{limit}\n")
    (folder / "memory.usage_in_bytes").write_text("900\n")
    (folder / "memory.stat").write_text("inactive_file 7\ntotal_inactive_file 150\n")


@pytest.mark.parametrize("write", [_write_version_1, _write_version_2])
def test_files_that_can_be_dropped_are_not_used_memory(tmp_path: Path, write: object) -> None:
    assert callable(write)
    write(tmp_path, "1000")
    assert read_container_memory(tmp_path) == ContainerMemory(used_bytes=750, limit_bytes=1000)


def test_without_a_limit_there_is_no_figure(tmp_path: Path) -> None:
    assert read_container_memory(tmp_path) is None
    _write_version_2(tmp_path, "max")
    assert read_container_memory(tmp_path) is None
    (tmp_path / "memory.max").unlink()
    _write_version_1(tmp_path, str(0x7FFFFFFFFFFFF000))
    assert read_container_memory(tmp_path) is None
