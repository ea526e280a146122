"""The archive of a released bundle, by path or URL, in; a version of a store out."""

import hashlib
import re
import shutil
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from urllib.request import urlopen
from zipfile import BadZipFile, ZipFile

from tumorscope.domain.errors import BundleInvalid
from tumorscope.model.store import add_bundle

_URL = re.compile("https?://")
# No path, no hidden file.
_FILE_NAME = re.compile(r"\w[\w.-]*", re.ASCII)
# Of the archive, and of all that it unpacks to; the default model takes 50 MB.
_MAX_BYTES = 2**30
_CHUNK_BYTES = 2**20
_TIMEOUT_S = 60


def fetch_bundle(store: Path, source: str, sha256: str) -> str:
    """Add a bundle to a store, after verifying the checksum of its archive.

    Nothing of the archive is read before its checksum is verified, and the store changes only when the bundle is whole.

    Parameters
    ----------
    store : Path
        Created if absent.
    source : str
        Path or ``http(s)`` URL of a ZIP with the bundle's files and no folders.
    sha256 : str
        Of the archive, in hexadecimal.

    Raises
    ------
    BundleInvalid
        The archive cannot be read, has another checksum or holds no sound bundle, or the store does not take it.
    """
    try:
        store.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".incoming-", dir=store) as scratch:
            archive, folder = Path(scratch, "archive.zip"), Path(scratch, "bundle")
            with _open(source) as stream, archive.open("wb") as copy:
                _copy_verified(stream, copy, sha256.lower())
            _unpack(archive, folder)
            return add_bundle(store, folder)
    except (OSError, HTTPException) as error:
        raise BundleInvalid(f"{source} cannot be fetched: {error}") from error


def _open(source: str) -> BinaryIO:
    if not _URL.match(source):
        return Path(source).open("rb")
    stream: BinaryIO = urlopen(source, timeout=_TIMEOUT_S)  # noqa: S310  (no other scheme comes here)
    return stream


def _copy_verified(stream: BinaryIO, copy: BinaryIO, sha256: str) -> None:
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(_CHUNK_BYTES):
        size += len(chunk)
        if size > _MAX_BYTES:
            raise BundleInvalid(f"the archive is larger than {_MAX_BYTES >> 20} MiB")
        digest.update(chunk)
        copy.write(chunk)
    if digest.hexdigest() != sha256:
        raise BundleInvalid(f"the archive's SHA-256 is {digest.hexdigest()}, not the expected one")


def _unpack(archive: Path, folder: Path) -> None:
    folder.mkdir()
    try:
        with ZipFile(archive) as content:
            members = content.infolist()
            if not all(_FILE_NAME.fullmatch(member.filename) for member in members):
                raise BundleInvalid("the archive holds more than the files of one folder")
            # No more than a member's declared size is read from it.
            if sum(member.file_size for member in members) > _MAX_BYTES:
                raise BundleInvalid(f"the archive unpacks to more than {_MAX_BYTES >> 20} MiB")
            for member in members:
                with content.open(member) as packed, (folder / member.filename).open("xb") as file:
                    shutil.copyfileobj(packed, file)
    # RuntimeError is an encrypted member's.
    except (BadZipFile, NotImplementedError, RuntimeError) as error:
        raise BundleInvalid("the archive is damaged") from error
