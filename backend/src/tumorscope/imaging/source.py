"""What decoding starts from: the files of one request, and how much of them may be decoded."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a request.

    Parameters
    ----------
    name : str
        As it was sent, perhaps empty. Of use for one thing alone: which sequence of a BraTS case a volume is.
    data : bytes
        The whole file.
    """

    name: str
    data: bytes


def hash_files(files: Sequence[SourceFile]) -> str:
    """The SHA-256 of one file; of several, of their sorted hashes, a line each, whatever order they came in."""
    hashes = sorted(hashlib.sha256(file.data).hexdigest() for file in files)
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What is decoded at most, checked before memory is taken for it.

    Parameters
    ----------
    pixels : int
        Of one picture or frame: width x height.
    expanded_bytes : int
        Of everything in the request, unpacked and decoded.
    files : int
        In an archive.
    """

    pixels: int
    expanded_bytes: int
    files: int


FROM_DISK = DecodeLimits(pixels=64_000_000, expanded_bytes=8 * 2**30, files=100_000)
"""For files that whoever runs the program chose: these only stop an absurd header."""
