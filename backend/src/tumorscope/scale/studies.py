"""Places in, the studies there that have no answer yet out."""

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tumorscope.imaging.series.study_files import Place, group_files


@dataclass(frozen=True, slots=True)
class Work:
    """A study to answer, or none where a place has none left.

    Parameters
    ----------
    files : tuple of Path
        Of the study; empty where there is none.
    settled : int
        How many files of the place need no more attention, once this is done.
    root : Path, optional
        The named folder that holds a study, for this place has one; else None.
    """

    files: tuple[Path, ...]
    settled: int
    root: Path | None


def identify_study(files: Iterable[Path]) -> str:
    """Make the key of a study from the absolute paths of its files: 24 hexadecimal digits."""
    paths = sorted(os.fsencode(str(file.absolute())) for file in files)
    return hashlib.sha256(b"\0".join(paths)).hexdigest()[:24]


def name_study(files: Iterable[Path]) -> dict[str, Any]:
    """Make the beginning of a study's row: its key, and its files by names that are text."""
    files = list(files)
    names = [os.fsencode(str(file.absolute())).decode("utf-8", "backslashreplace") for file in files]
    return {"study": identify_study(files), "files": names}


def find_work(place: Place, is_done: Callable[[str], bool]) -> list[Work]:
    """Group the files of a folder into studies without those that are done; all the work together settles its files."""
    studies = [tuple(files) for files in group_files(place, lambda _file: False, lambda _file: None)]
    left = [files for files in studies if not is_done(identify_study(files))]
    root = place.root if studies else None
    # Files that lie beside scans, and those that were answered before.
    passed = len(place.files) - sum(map(len, left))
    if not left:
        return [Work((), passed, root)]
    return [Work(files, len(files) + (0 if number else passed), root) for number, files in enumerate(left)]
