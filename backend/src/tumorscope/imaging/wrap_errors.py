"""Exceptions of a decoding library in, CorruptFile out."""

from collections.abc import Iterator
from contextlib import contextmanager

from tumorscope.domain.errors import CorruptFile, TumorscopeError

# How libraries that wrap a want of memory in an error of their own name it.
_WANT_OF_MEMORY = ("MemoryError", "bad_alloc", "Unable to allocate", "out of memory")


@contextmanager
def as_corrupt_file(message: str) -> Iterator[None]:
    """Raise `CorruptFile` for any exception but our own and a want of memory, which is no fault of the file.

    Pillow, pydicom, nibabel and their plug-ins raise exceptions of many types for damaged files.
    """
    try:
        yield
    except (TumorscopeError, MemoryError):
        raise
    except Exception as error:
        if any(words in str(error) for words in _WANT_OF_MEMORY):
            raise MemoryError from error
        raise CorruptFile(message) from error
