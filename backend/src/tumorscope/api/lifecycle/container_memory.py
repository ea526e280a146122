"""The files of a control group in, the memory that the container uses and its limit out."""

from dataclasses import dataclass
from pathlib import Path

CGROUP_ROOT = Path("/sys/fs/cgroup")
# Without a limit version 1 writes the largest number of whole pages.
_NO_LIMIT_BYTES = 2**62


@dataclass(frozen=True, slots=True)
class ContainerMemory:
    """Memory of all processes of the container, without cached files that can be dropped, and its limit."""

    used_bytes: int
    limit_bytes: int


def read_container_memory(root: Path) -> ContainerMemory | None:
    """Read what the kernel counts, in control groups of version 2 or 1; None outside of a container with a limit."""
    try:
        if (root / "memory.max").is_file():
            return _read(root, "memory.max", "memory.current", "inactive_file")
        return _read(root / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    except (OSError, ValueError, KeyError):
        return None


def _read(folder: Path, limit: str, usage: str, droppable: str) -> ContainerMemory | None:
    # Without a limit version 2 writes "max", which raises ValueError.
    limit_bytes = int((folder / limit).read_text())
    if limit_bytes >= _NO_LIMIT_BYTES:
        return None
    figures = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    used_bytes = int((folder / usage).read_text()) - int(figures[droppable])
    return ContainerMemory(max(0, used_bytes), limit_bytes)
