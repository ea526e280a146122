"""The files of one request, and the limits of decoding them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a request.

    Parameters
    ----------
    name : str
        As uploaded, perhaps empty. Used only for the sequence of a BraTS volume.
    data : bytes
        The whole file.
    """

    name: str
    data: bytes


def hash_files(files: Sequence[SourceFile]) -> str:
    """The SHA-256 of one file; of several, of their sorted hashes, one a line, so that the order does not matter."""
    hashes = sorted(hashlib.sha256(file.data).hexdigest() for file in files)
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """The upper limits of decoding, checked before memory is allocated.

    Parameters
    ----------
    pixels : int
        Of one image or frame: width x height.
    expanded_bytes : int
        Of everything in the request, unpacked and decoded.
    files : int
        In an archive.
    """

    pixels: int
    expanded_bytes: int
    files: int


FROM_DISK = DecodeLimits(pixels=64_000_000, expanded_bytes=8 * 2**30, files=100_000)
"""For the user's own files: only stops an absurd header."""
