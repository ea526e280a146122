"""Chunks of uploads in, the bytes of whole files out, within a bound on what all requests hold at one time."""

from collections.abc import Iterator
from contextlib import contextmanager

from tumorscope.domain.errors import Overloaded
from tumorscope.imaging.source import SourceFile

_RETRY_AFTER_S = 1


class UploadMemory:
    """The files of every request that is being read, waits or is being answered.

    Of one event loop: its requests take turns between two awaits, so nothing is locked.

    Parameters
    ----------
    max_bytes : int
        What the files of all requests together may hold.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.held_bytes = 0

    @contextmanager
    def hold_files(self) -> Iterator["HeldFiles"]:
        """Room for the files of one request, given back at the end, however it comes."""
        files = HeldFiles(self)
        try:
            yield files
        finally:
            files.drop()


class HeldFiles:
    """The files of one request, as they grow.

    Parameters
    ----------
    memory : UploadMemory
        Which counts them.
    """

    def __init__(self, memory: UploadMemory) -> None:
        self.complete: list[SourceFile] = []
        self._memory = memory
        self._open = bytearray()
        self._held_bytes = 0

    @property
    def open_bytes(self) -> int:
        """Size of the file that is being read."""
        return len(self._open)

    def append(self, chunk: bytes) -> None:
        """Add to the file that is being read.

        Raises
        ------
        Overloaded
            All requests together would hold more than they may; the chunk is not held.
        """
        if self._memory.held_bytes + len(chunk) > self._memory.max_bytes:
            raise Overloaded("Other uploads take the memory that there is for them.", _RETRY_AFTER_S)
        self._memory.held_bytes += len(chunk)
        self._held_bytes += len(chunk)
        self._open += chunk

    def complete_file(self, name: str = "") -> None:
        """The file that is being read ends here, and another may begin."""
        self.complete.append(SourceFile(name, bytes(self._open)))
        self._open = bytearray()

    def drop(self) -> None:
        """Hold nothing any more."""
        self.complete.clear()
        self._open = bytearray()
        self._memory.held_bytes -= self._held_bytes
        self._held_bytes = 0
