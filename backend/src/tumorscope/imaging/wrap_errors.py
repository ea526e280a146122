"""Exceptions of a decoding library in, CorruptFile out."""

from collections.abc import Iterator
from contextlib import contextmanager

from tumorscope.domain.errors import CorruptFile, TumorscopeError


@contextmanager
def as_corrupt_file(message: str) -> Iterator[None]:
    """Raise `CorruptFile` for any exception but our own and `MemoryError`.

    Pillow, pydicom, nibabel and their plug-ins raise exceptions of many types for damaged files.

    Parameters
    ----------
    message : str
        Of the `CorruptFile`.
    """
    try:
        yield
    except (TumorscopeError, MemoryError):
        raise
    except Exception as error:
        raise CorruptFile(message) from error
