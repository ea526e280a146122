"""A ZIP archive in, its files out, within limits and in memory."""

import zipfile
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
# Of the central directory; besides scans, archives hold folders and texts.
_ENTRY = b"PK\x01\x02"
_ENTRIES_PER_FILE = 10


def unpack_zip(data: bytes, limits: DecodeLimits) -> list[SourceFile]:
    """The scans of an archive.

    Parameters
    ----------
    data : bytes
        The whole archive.
    limits : DecodeLimits
        How many files and bytes it may hold; counted while reading, whatever its headers state.

    Returns
    -------
    list of SourceFile
        At least one, in the order of the archive, named without folders. Hidden files, texts and archives in the
        archive are left out.

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
        members = [member for member in archive.infolist() if not _is_left_out(member)]
        if len(members) > limits.files:
            raise TooManyFiles(f"The archive holds more than {limits.files} files. Send a single series.")
        if any(member.flag_bits & 1 for member in members):
            raise CorruptFile("The archive is encrypted. Pack it again without a password.")
        # A member is never read beyond its declared size. The largest is there twice while it is copied.
        sizes = [member.file_size for member in members]
        limits.reserve(min(sum(sizes), limits.expanded_bytes) + min(max(sizes, default=0), limits.expanded_bytes))
        files = _read_all(archive, members, limits.expanded_bytes)
    kept = [file for file in files if file.data and not file.data.startswith(ZIP_MAGIC)]
    if not kept:
        raise NoFile("The archive holds no scan. Archives within archives are not opened: send the scans themselves.")
    return kept


def is_other(path: PurePath) -> bool:
    """Whether a file's name is that of a kind which lies beside scans and holds none."""
    return path.suffix.lower() in _OTHER_SUFFIXES or path.name.upper() in _OTHER_NAMES


def _is_left_out(member: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    hidden = any(part == "__MACOSX" or (part.startswith(".") and part != "..") for part in path.parts)
    return member.is_dir() or hidden or is_other(path)


def _read_all(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], max_bytes: int) -> list[SourceFile]:
    files, left = [], max_bytes
    for member in members:
        content = bytearray()
        with archive.open(member) as stream:
            while chunk := stream.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise ExpandsTooMuch(
                        f"The archive unpacks to more than {max_bytes // 2**20} MiB. Send a single series."
                    )
                content += chunk
        files.append(SourceFile(PurePosixPath(member.filename.replace("\\", "/")).name, bytes(content)))
    return files
