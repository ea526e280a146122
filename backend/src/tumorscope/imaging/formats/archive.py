"""A ZIP archive in, its files out, within limits and in memory."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import PurePath, PurePosixPath

from tumorscope.domain.errors import CorruptFile, ExpandsTooMuch, NoFile, TooManyFiles
from tumorscope.imaging.source import DecodeLimits, SourceFile
from tumorscope.imaging.wrap_errors import as_corrupt_file

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
# Other files that archives and folders of scans hold.
_OTHER_SUFFIXES = {
    ".txt",
    ".nfo",
    ".md",
    ".pdf",
    ".docx",
    ".xlsx",
    ".odt",
    ".rtf",
    ".csv",
    ".tsv",
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
_OTHER_NAMES = {"DICOMDIR", "THUMBS.DB", "README", "CHANGES", "LICENSE"}
_CHUNK = 2**20
# Of a file whose name says that it holds no scan: enough to see whether it does.
_BEGIN = 4096
# Of the central directory; besides scans, archives hold folders and texts.
_ENTRY = b"PK\x01\x02"
_ENTRIES_PER_FILE = 10


def unpack_zip(
    data: bytes, limits: DecodeLimits, looks_readable: Callable[[bytes], bool]
) -> tuple[list[SourceFile], list[bytes]]:
    """The scans of an archive, and what lies beside them.

    Parameters
    ----------
    data : bytes
        The whole archive.
    limits : DecodeLimits
        How many files and bytes it may hold; counted while reading, whatever its headers state. Files whose names say
        that they hold no scan count by ten times as many.
    looks_readable : callable
        Whether a file that begins with these bytes may be a scan, or an archive, whatever its name says.

    Returns
    -------
    list of SourceFile
        At least one, in the order of the archive, named without folders.
    list of bytes
        The first bytes of the others: texts and their like, empty files, archives. Hidden files are in neither.

    Raises
    ------
    TooManyFiles, ExpandsTooMuch
        It holds more.
    CorruptFile
        It is damaged or encrypted.
    NoFile
        It holds no scan.
    """
    # `zipfile` would make an object for each of millions.
    if data.count(_ENTRY) > _ENTRIES_PER_FILE * limits.files:
        raise TooManyFiles(f"The archive holds more than {limits.files} files. Send a single series.")
    with (
        as_corrupt_file("The archive is damaged, or its compression is not supported. Pack it again as a plain ZIP."),
        zipfile.ZipFile(BytesIO(data)) as archive,
    ):
        members = [member for member in archive.infolist() if not (member.is_dir() or _is_hidden(member))]
        if sum(not _is_other(member) for member in members) > limits.files:
            raise TooManyFiles(f"The archive holds more than {limits.files} files. Send a single series.")
        if any(member.flag_bits & 1 for member in members):
            raise CorruptFile("The archive is encrypted. Pack it again without a password.")
        # A member is never read beyond its declared size. The largest is there twice while it is copied.
        sizes = [min(member.file_size, _BEGIN) if _is_other(member) else member.file_size for member in members]
        limits.reserve(min(sum(sizes), limits.expanded_bytes) + min(max(sizes, default=0), limits.expanded_bytes))
        files, others = _read_all(archive, members, limits, looks_readable)
    scans = [file for file in files if file.data and not file.data.startswith(ZIP_MAGIC)]
    if not scans:
        raise NoFile("The archive holds no scan. Archives within archives are not opened: send the scans themselves.")
    others += [file.data[:_BEGIN] for file in files if not file.data or file.data.startswith(ZIP_MAGIC)]
    return scans, others


def is_other(path: PurePath) -> bool:
    """Whether a file's name is that of a kind which lies beside scans and holds none."""
    return path.suffix.lower() in _OTHER_SUFFIXES or path.name.upper() in _OTHER_NAMES


def _find_path(member: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(member.filename.replace("\\", "/"))


def _is_hidden(member: zipfile.ZipInfo) -> bool:
    return any(part == "__MACOSX" or (part.startswith(".") and part != "..") for part in _find_path(member).parts)


def _is_other(member: zipfile.ZipInfo) -> bool:
    return is_other(_find_path(member))


def _read_all(
    archive: zipfile.ZipFile,
    members: list[zipfile.ZipInfo],
    limits: DecodeLimits,
    looks_readable: Callable[[bytes], bool],
) -> tuple[list[SourceFile], list[bytes]]:
    files: list[SourceFile] = []
    others: list[bytes] = []
    max_bytes = left = limits.expanded_bytes
    for member in members:
        content = bytearray()
        with archive.open(member) as stream:
            if _is_other(member):
                begin = stream.read(_BEGIN)
                left -= len(begin)
                if not looks_readable(begin):
                    others.append(begin)
                    continue
                limits.reserve(2 * min(member.file_size, max_bytes))
                content += begin
            while chunk := stream.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise ExpandsTooMuch(
                        f"The archive unpacks to more than {max_bytes // 2**20} MiB. Send a single series."
                    )
                content += chunk
        files.append(SourceFile(_find_path(member).name, bytes(content)))
    return files, others
