"""Files, folders and DICOMDIRs in, the files of each study out, one study at a time."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tumorscope.domain.errors import CorruptFile
from tumorscope.imaging.brats_case import name_content
from tumorscope.imaging.decode import looks_readable
from tumorscope.imaging.formats.dicom_dataset import looks_like_dicom, read_series_uid
from tumorscope.imaging.formats.dicom_directory import is_directory, list_directory
from tumorscope.imaging.formats.nifti import looks_like_nifti

# Holds the first groups of a DICOM file, among them where the series stands.
_BEGIN = 64 * 1024


def count_files(paths: Iterable[Path]) -> int:
    """How many files `find_studies` goes through, without opening one; a DICOMDIR counts as one."""
    return sum(1 if not path.is_dir() else sum(len(files) for _, files in _walk(path)) for path in paths)


def find_studies(
    paths: Iterable[Path], is_done: Callable[[Path], bool], pass_over: Callable[[Path], None]
) -> Iterator[list[Path]]:
    """Find the studies among files.

    Parameters
    ----------
    paths : iterable of Path
        Files, folders (with those in them), and DICOMDIRs.
    is_done : callable
        Whether a file was read before; it is not opened.
    pass_over : callable
        Told of each file that is in no study: done before, or in a folder and of no format that is read here.

    Yields
    ------
    list of Path
        The instances of one DICOM series in one folder, the volumes of one BraTS case in one folder, or one file of
        any other kind. What was named itself is always in a study, so that the decoder can say what is wrong with it.
    """
    named: dict[Path, list[Path]] = {}
    for path in paths:
        if path.is_dir():
            for _, files in _walk(path):
                yield from _group(files, is_done, pass_over, is_named=False)
        elif (listed := _list_if_directory(path)) is not None:
            yield from _group(listed, is_done, pass_over, is_named=True)
        else:
            named.setdefault(path.parent, []).append(path)
    for files in named.values():
        yield from _group(files, is_done, pass_over, is_named=True)


def _walk(folder: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Folders with their files, in order of name; hidden ones are nobody's scans."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield Path(place), [Path(place, name) for name in sorted(names) if not name.startswith(".")]


def _list_if_directory(path: Path) -> list[Path] | None:
    if not is_directory(_read_begin(path) or b""):
        return None
    try:
        return list_directory(path)
    except CorruptFile:
        # Its decoder says so when it is read as any other file.
        return None


def _group(
    files: list[Path], is_done: Callable[[Path], bool], pass_over: Callable[[Path], None], *, is_named: bool
) -> Iterator[list[Path]]:
    studies: dict[object, list[Path]] = {}
    for file in files:
        if is_done(file):
            pass_over(file)
            continue
        begin = _read_begin(file)
        if not is_named and begin is not None and (is_directory(begin) or not looks_readable(begin)):
            pass_over(file)
        else:
            studies.setdefault(_identify(file, begin or b""), []).append(file)
    yield from studies.values()


def _identify(file: Path, begin: bytes) -> object:
    """What the files of one study have in common."""
    if looks_like_dicom(begin) and (uid := read_series_uid(begin)) is not None:
        return file.parent, uid
    if looks_like_nifti(begin) and (content := name_content(file.name)) is not None:
        return file.parent, content[0].lower()
    return file


def _read_begin(path: Path) -> bytes | None:
    """None of a file that cannot be opened: whoever reads the whole of it says so."""
    try:
        with path.open("rb") as stream:
            return stream.read(_BEGIN)
    except OSError:
        return None
