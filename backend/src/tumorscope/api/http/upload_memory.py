"""Chunks of uploads in, the bytes of whole files out, within one bound on the memory of all requests."""

from collections.abc import Iterator
from contextlib import contextmanager

from tumorscope.domain.errors import Overloaded
from tumorscope.imaging.source import SourceFile

_RETRY_AFTER_S = 1


class UploadMemory:
    """Memory that the files of all unanswered requests take.

    Belongs to one event loop, whose requests take turns between two awaits, so nothing is locked.

    Parameters
    ----------
    max_bytes : int
        Bound for the files of all requests together.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.used_bytes = 0

    @contextmanager
    def open_buffer(self) -> Iterator["UploadBuffer"]:
        """Give a buffer for the files of one request; it is released with the context."""
        buffer = UploadBuffer(self)
        try:
            yield buffer
        finally:
            buffer.release()


class UploadBuffer:
    """The files of one request while they arrive, and until it is answered.

    Parameters
    ----------
    memory : UploadMemory
        Counts the bytes.
    """

    def __init__(self, memory: UploadMemory) -> None:
        self.files: list[SourceFile] = []
        self._memory = memory
        self._current = bytearray()
        self._used_bytes = 0

    @property
    def current_bytes(self) -> int:
        """Size so far of the file that is arriving."""
        return len(self._current)

    def append(self, chunk: bytes) -> None:
        """Add to the file that is arriving.

        Raises
        ------
        Overloaded
            All requests together would exceed their bound; the chunk is not kept.
        """
        if self._memory.used_bytes + len(chunk) > self._memory.max_bytes:
            raise Overloaded("Other uploads fill the memory for uploads.", _RETRY_AFTER_S)
        self._memory.used_bytes += len(chunk)
        self._used_bytes += len(chunk)
        self._current += chunk

    def finish_file(self, name: str = "") -> None:
        """Finish the file that is arriving; another may follow."""
        self.files.append(SourceFile(name, bytes(self._current)))
        self._current = bytearray()

    def release(self) -> None:
        """Forget all files and give their memory back."""
        self.files.clear()
        self._current = bytearray()
        self._memory.used_bytes -= self._used_bytes
        self._used_bytes = 0
