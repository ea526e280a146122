"""A bound on what decoding takes in, turns to use a part of it out; it is asked before memory is allocated."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from tumorscope.domain.errors import ImageTooLarge, Overloaded
from tumorscope.imaging.source import Reserve

# Of all memory, one picture may take this share among pictures, and studies leave two such shares free: pictures, which
# are answered in a moment, need not wait for studies.
_PICTURE_SHARE = 16
_RETRY_AFTER_S = 2


class NotAmongPictures(Overloaded):
    """The picture needs so much memory that its turn is among the studies."""


class DecodeMemory:
    """Memory that the work of all requests may take while it decodes and prepares; for threads.

    Parameters
    ----------
    max_bytes : int
        For all of them together.
    max_wait_s : float
        How long work waits for memory that other work will free.
    """

    def __init__(self, max_bytes: int, max_wait_s: float) -> None:
        self.max_bytes = max_bytes
        self.used_bytes = 0
        self._max_wait_s = max_wait_s
        self._freed = Condition()

    @contextmanager
    def open_reservation(self, *, is_study: bool) -> Iterator[Reserve]:
        """Give what reserves memory for one request, by its bytes; all is freed with the context.

        Its call raises `ImageTooLarge` for more than there is, `NotAmongPictures` for a picture that needs more than a
        picture's share, and `Overloaded` if others keep the memory for too long.
        """
        share = self.max_bytes // _PICTURE_SHARE
        limit = self.max_bytes - 2 * share if is_study else self.max_bytes
        held = 0

        def reserve(size: int) -> None:
            nonlocal held
            if held + size > self.max_bytes - 2 * share:
                raise ImageTooLarge(f"Decoding the file needs more than {self.max_bytes // 2**20} MiB of memory.")
            if not is_study and held + size > share:
                raise NotAmongPictures("The picture is too large to be read now.", _RETRY_AFTER_S)
            with self._freed:
                if not self._freed.wait_for(lambda: self.used_bytes + size <= limit, self._max_wait_s):
                    raise Overloaded("Other requests use the memory that the file needs.", _RETRY_AFTER_S)
                self.used_bytes += size
            held += size

        try:
            yield reserve
        finally:
            with self._freed:
                self.used_bytes -= held
                self._freed.notify_all()
