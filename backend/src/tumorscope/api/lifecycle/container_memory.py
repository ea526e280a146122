"""A control group's files in, the memory that a container uses and may use out."""

from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
# Version 1 writes "no limit" as the largest number of whole pages.
_NO_LIMIT_BYTES = 2**62


@dataclass(frozen=True, slots=True)
class ContainerMemory:
    """Memory of every process of the container, without cached files that can be dropped, and its limit."""

    used_bytes: int
    limit_bytes: int


def read_container_memory(root: Path = _ROOT) -> ContainerMemory | None:
    """What the kernel counts.

    Parameters
    ----------
    root : Path
        Where the control group is mounted, of version 2 or 1.

    Returns
    -------
    ContainerMemory or None
        None where there is no limit, as outside of a container.
    """
    try:
        if (root / "memory.max").is_file():
            return _read(root, "memory.max", "memory.current", "inactive_file")
        return _read(root / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    except (OSError, ValueError, KeyError):
        return None


def _read(folder: Path, limit: str, usage: str, droppable: str) -> ContainerMemory | None:
    # Version 2 writes "max", which is no number, where there is no limit.
    limit_bytes = int((folder / limit).read_text())
    if limit_bytes >= _NO_LIMIT_BYTES:
        return None
    figures = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    used_bytes = int((folder / usage).read_text()) - int(figures[droppable])
    return ContainerMemory(max(0, used_bytes), limit_bytes)
