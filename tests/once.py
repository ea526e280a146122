"""What is slow to make, made once in a run of all tests: by the worker that needs it first, and read by the others."""

import fcntl
from collections.abc import Callable
from pathlib import Path

_folder: list[Path] = []


def keep_in(folder: Path) -> None:
    """Share what is made with whoever keeps it in the same folder."""
    _folder[:] = [folder]


def make_once(name: str, make: Callable[[], bytes]) -> bytes:
    """What is kept under this name, made before where it is not yet there."""
    if not _folder:
        return make()
    kept = _folder[0] / name
    with (_folder[0] / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_bytes(make())
    return kept.read_bytes()
