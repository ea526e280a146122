"""A ZIP's bytes in, the files in it out, within bounds; nothing is written anywhere."""

import zipfile
import zlib
from io import BytesIO
from pathlib import PurePosixPath

from tumorscope.domain.errors import CorruptFile, ExpandsTooMuch, NoFile, TooManyFiles
from tumorscope.imaging.source import DecodeLimits, SourceFile

_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
# What archives of scans hold beside them.
_ASIDE = {
    ".txt",
    ".nfo",
    ".md",
    ".pdf",
    ".csv",
    ".json",
    ".xml",
    ".html",
    ".htm",
    ".log",
    ".ini",
    ".exe",
    ".bval",
    ".bvec",
}
_ASIDE_NAMES = {"DICOMDIR", "THUMBS.DB"}
_CHUNK = 2**20


def looks_like_zip(data: bytes) -> bool:
    """Whether a file begins as a ZIP does."""
    return data.startswith(_MAGIC)


def unpack_zip(data: bytes, limits: DecodeLimits) -> list[SourceFile]:
    """The scans of an archive.

    Parameters
    ----------
    data : bytes
        The whole archive.
    limits : DecodeLimits
        How many files, and how many bytes in all, it may hold; counted as they come, whatever its headers say.

    Returns
    -------
    list of SourceFile
        At least one, in the archive's order, by the last part of their names. Folders, hidden files, texts and archives
        in the archive are left out.

    Raises
    ------
    TooManyFiles, ExpandsTooMuch
        It holds more.
    CorruptFile
        It is damaged, or locked with a password.
    NoFile
        It holds none.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = [member for member in archive.infolist() if not _is_aside(member)]
            if len(members) > limits.files:
                raise TooManyFiles(f"The archive holds more than {limits.files} files.")
            if any(member.flag_bits & 1 for member in members):
                raise CorruptFile("The archive is locked with a password.")
            files = _read_all(archive, members, limits.expanded_bytes)
    # zipfile raises what its parsing meets, and NotImplementedError for a compression that it has not.
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise CorruptFile("The archive is damaged, or packed in a way that is not read here.") from error
    kept = [file for file in files if file.data and not looks_like_zip(file.data)]
    if not kept:
        raise NoFile("The archive holds no scan. Archives in archives are not opened.")
    return kept


def _is_aside(member: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    hidden = any(part == "__MACOSX" or (part.startswith(".") and part != "..") for part in path.parts)
    return member.is_dir() or hidden or path.suffix.lower() in _ASIDE or path.name.upper() in _ASIDE_NAMES


def _read_all(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], max_bytes: int) -> list[SourceFile]:
    files, left = [], max_bytes
    for member in members:
        content = bytearray()
        with archive.open(member) as stream:
            while chunk := stream.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise ExpandsTooMuch(f"The archive unpacks to more than {max_bytes // 2**20} MiB.")
                content += chunk
        files.append(SourceFile(PurePosixPath(member.filename.replace("\\", "/")).name, bytes(content)))
    return files
