"""Files, folders and DICOMDIRs in, the files of each study out, one study at a time."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from tumorscope.domain.errors import CorruptFile
from tumorscope.imaging.decode import looks_like_zip, looks_readable
from tumorscope.imaging.formats.archive import is_other
from tumorscope.imaging.formats.dicom_dataset import read_series
from tumorscope.imaging.formats.dicom_directory import is_directory, list_directory
from tumorscope.imaging.formats.signatures import looks_like_dicom, looks_like_nifti
from tumorscope.imaging.series.brats_case import name_content

# Holds the first groups of a DICOM file, with its Series Instance UID.
_BEGIN = 64 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """Files among which studies are looked for: those of one folder, or of one DICOMDIR.

    Parameters
    ----------
    files : list of Path
        In order of name; perhaps none.
    root : Path, optional
        The folder that was named and holds them; None of files that were named themselves.
    folder : Path, optional
        The folder whose files they are, all of them; `list_folder` lists it again.
    """

    files: list[Path]
    root: Path | None
    folder: Path | None = None


def is_folder(path: Path) -> bool:
    """Whether a path is that of a folder; False where the system cannot say: reading it reports why."""
    try:
        return path.is_dir()
    except OSError:
        # A name that is too long, a folder above that is closed, a disk that is away.
        if isinstance(path, Path):
            return False
        raise


def count_files(paths: Iterable[Path]) -> int:
    """Count the files for `find_studies` without opening them; a DICOMDIR counts as one."""
    return sum(sum(len(place.files) for place in _walk(path)) if is_folder(path) else 1 for path in paths)


def is_outside_series(path: Path, uid: str) -> bool:
    """Whether a file holds nothing of this DICOM series; False for an archive, a folder, and what cannot be opened."""
    begin = _read_begin(path)
    if begin is None or looks_like_zip(begin) or is_directory(begin):
        return False
    return not looks_like_dicom(begin) or read_series(begin)[0] != uid


def find_studies(
    paths: Iterable[Path], is_done: Callable[[Path], bool], pass_over: Callable[[Path], None]
) -> Iterator[list[Path]]:
    """Group files into studies.

    Parameters
    ----------
    paths : iterable of Path
        Files, folders with their subfolders, and DICOMDIRs.
    is_done : callable
        Whether a file was read before; then it is not opened.
    pass_over : callable
        Called with each file that was read before, or found in a folder and of a kind that lies beside scans.

    Yields
    ------
    list of Path
        The instances of one DICOM series in one folder, the volumes of one BraTS case in one folder, or one file of
        any other kind. A file named by its path is always in a study, so that decoding reports its errors; so are a
        path where nothing is, a folder that cannot be opened, and a named folder that holds no scan.
    """
    for root, places in groupby(find_places(paths), lambda place: place.root):
        holds_scan = root is None or is_done(root)
        for place in places:
            holds_scan = holds_scan or any(map(is_done, place.files))
            for study in group_files(place, is_done, pass_over):
                holds_scan = True
                yield study
        if root is not None and not holds_scan:
            yield [root]


def find_places(paths: Iterable[Path]) -> Iterator[Place]:
    """List files, folders with their subfolders, and DICOMDIRs; of a named folder, there is at least one place."""
    named: dict[Path, list[Path]] = {}
    for path in paths:
        if is_folder(path):
            yield from _walk(path)
        elif (listed := _list_if_directory(path)) is not None:
            yield Place(listed, None)
        else:
            named.setdefault(path.parent, []).append(path)
    yield from (Place(files, None) for files in named.values())


def list_folder(folder: Path) -> list[Path]:
    """The files of a folder in order of name, without hidden ones; itself where it cannot be opened."""
    return next(_walk(folder)).files


def _walk(root: Path) -> Iterator[Place]:
    """Each folder; last, the folders that cannot be opened."""
    closed: list[Path] = []
    for name, folders, names in _list_folders(root, closed):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        folder = Path(name) if isinstance(name, str) else name
        yield Place([folder / name for name in sorted(names) if not name.startswith(".")], root, folder)
    yield Place(closed, root)


def _list_folders(root: Path, closed: list[Path]) -> Iterator[tuple[Any, list[str], list[str]]]:
    if isinstance(root, Path):
        return os.walk(root, onerror=lambda error: closed.append(Path(error.filename)))
    # A path of object storage, which has the functions of the others, but is none of the system's.
    return root.walk()


def _list_if_directory(path: Path) -> list[Path] | None:
    if not is_directory(_read_begin(path) or b""):
        return None
    try:
        return list_directory(path)
    except CorruptFile:
        # Decoding it like any other file reports the error.
        return None


def group_files(
    place: Place, is_done: Callable[[Path], bool], pass_over: Callable[[Path], None]
) -> Iterator[list[Path]]:
    """Group the files of a folder or DICOMDIR into studies; see `find_studies`."""
    studies: dict[object, list[Path]] = {}
    numbered: dict[object, object] = {}
    for file in place.files:
        if is_done(file):
            pass_over(file)
            continue
        begin = _read_begin(file)
        if place.root is not None and begin is not None and (is_directory(begin) or _lies_beside_scans(file, begin)):
            pass_over(file)
        else:
            key, number = _identify(file, begin or b"")
            if number is not None:
                numbered[key] = file.parent, number
            studies.setdefault(key, []).append(file)
    joined: dict[object, list[Path]] = {}
    for key, members in studies.items():
        # Some exports give each slice a series of its own.
        joined.setdefault(numbered.get(key, key) if len(members) == 1 else key, []).extend(members)
    yield from joined.values()


def _identify(file: Path, begin: bytes) -> tuple[object, tuple[str, str] | None]:
    """The key that the files of one study share; and of a DICOM file study and number of its series."""
    if looks_like_dicom(begin):
        uid, number = read_series(begin)
        return file if uid is None else (file.parent, uid), number
    if file.name.lower().removesuffix(".gz").endswith((".hdr", ".img", ".nhdr", ".raw")):
        return (file.parent, file.name.split(".")[0], "pair"), None
    if looks_like_nifti(begin) and (content := name_content(file.name)) is not None:
        return (file.parent, content[0].lower()), None
    return file, None


def _lies_beside_scans(file: Path, begin: bytes) -> bool:
    return is_other(file) and not looks_readable(begin)


def _read_begin(path: Path) -> bytes | None:
    """The first bytes; None if the file cannot be opened, which reading it reports."""
    try:
        # Opening a named pipe would wait for its writer.
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            return stream.read(_BEGIN)
    except Exception:  # noqa: BLE001  (libraries of object storage have errors of their own)
        return None
