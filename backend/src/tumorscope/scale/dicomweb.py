"""An archive's DICOMweb address in, paths to its MR studies out, each of which is read as a whole."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tumorscope.domain.errors import ExpandsTooMuch, InvalidRequest, NoFile, PeerUnavailable
from tumorscope.imaging.source import SourceFile
from tumorscope.pacs.archive import Archive
from tumorscope.pacs.peers import authorize_by_file, open_client

PREFIX = "dicomweb+"
"""With which the address of a source begins: ``dicomweb+https://archive.example/dicom-web``."""

_MODALITY = "MR"
_STUDIES = "/studies/"
# Waits before an archive that cannot answer is asked again, in seconds.
_WAITS_S = (1.0, 5.0, 20.0)


@dataclass(frozen=True, slots=True)
class DicomwebPath:
    """An archive, as a folder of its studies, or a study; it has those functions of `Path` that listing needs."""

    archive: str
    study: str = ""

    @classmethod
    def parse(cls, name: str) -> "DicomwebPath":
        """Read what `str` gives.

        Raises
        ------
        InvalidRequest
            The address holds a password, which would be in the tables.
        """
        address, _, study = name.removeprefix(PREFIX).partition(_STUDIES)
        if "@" in address:
            raise InvalidRequest("Name the login in the file TUMORSCOPE_PACS_LOGIN, not in the address.")
        return cls(address.rstrip("/"), study)

    def __str__(self) -> str:
        return f"{PREFIX}{self.archive}{_STUDIES if self.study else ''}{self.study}"

    def __truediv__(self, study: str) -> "DicomwebPath":
        return DicomwebPath(self.archive, study)

    @property
    def parent(self) -> "DicomwebPath":
        """The archive."""
        return DicomwebPath(self.archive)

    @property
    def name(self) -> str:
        """The study's UID."""
        return self.study

    def absolute(self) -> "DicomwebPath":
        """The path itself."""
        return self

    def is_dir(self) -> bool:
        """Whether it is the archive."""
        return not self.study

    def is_file(self) -> bool:
        """False: a study is many files, and is not opened to be grouped."""
        return False

    def walk(self) -> Iterator[tuple["DicomwebPath", list[str], list[str]]]:
        """All studies with MR that the archive lists; it raises what `Archive` does."""
        with self._ask() as archive:
            yield self, [], sorted(uid for uid, _ in archive.find_studies(_MODALITY, None))

    def read(self, most_bytes: int) -> list[SourceFile]:
        """Read the files of a study's MR series.

        Raises
        ------
        ExpandsTooMuch
            They are larger than this.
        NoFile
            The study, or the archive, has none.
        PeerError
            The archive's answer cannot be used, or, a `PeerUnavailable`, it cannot answer after several tries.
        """
        for wait_s in _WAITS_S:
            try:
                return self._read(most_bytes)
            except PeerUnavailable:
                time.sleep(wait_s)
        return self._read(most_bytes)

    def _read(self, most_bytes: int) -> list[SourceFile]:
        files: list[bytearray] = []
        left = most_bytes
        with self._ask() as archive:
            for series in archive.find_series(self.study) if self.study else []:
                if series.modality != _MODALITY:
                    continue
                for piece in archive.read_series(self.study, series):
                    if piece is None:
                        files.append(bytearray())
                        continue
                    left -= len(piece)
                    if left < 0:
                        raise ExpandsTooMuch(f"The study is larger than {most_bytes // 2**20} MiB.")
                    files[-1] += piece
        if not files:
            raise NoFile("The archive holds no MR series here.")
        return [SourceFile(f"{number}.dcm", bytes(data)) for number, data in enumerate(files)]

    @contextmanager
    def _ask(self) -> Iterator[Archive]:
        with open_client(self.archive, _authorize()) as client:
            yield Archive(client)


def _authorize() -> Callable[[httpx.Request], httpx.Request] | None:
    """With the files of `tumorscope pacs watch`, on each machine; a secret is in no argument and no task."""
    for name, scheme in (("TUMORSCOPE_PACS_LOGIN", "Basic"), ("TUMORSCOPE_PACS_TOKEN", "Bearer")):
        if file := os.environ.get(name):
            return authorize_by_file(Path(file), scheme)
    return None
