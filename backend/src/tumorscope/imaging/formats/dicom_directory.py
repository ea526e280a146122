"""A DICOMDIR's bytes in, the files that it lists out (DICOM PS3.3, annex F)."""

import warnings
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pydicom.dataset import Dataset

from tumorscope.domain.errors import CorruptFile
from tumorscope.imaging.formats.dicom_dataset import read_dataset
from tumorscope.imaging.wrap_errors import as_corrupt_file

_SEND = "Send the folder with the images instead."
_MAX_BYTES = 2**30
_MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"


def is_directory(begin: bytes) -> bool:
    """Whether a file begins as a DICOMDIR does: its class stands in the meta information."""
    return begin[128:132] == b"DICM" and _MEDIA_STORAGE_DIRECTORY.encode() in begin[132:512]


def list_directory(file: Path) -> list[Path]:
    """The images that a DICOMDIR lists, in the order of its records, beside and below it.

    A name that is there in lower case only is given so; one that is missing, as it is.

    Raises
    ------
    CorruptFile
        It cannot be read, or names a file that is outside its own folder.
    """
    found = []
    with as_corrupt_file(f"The DICOMDIR is damaged. {_SEND}"), warnings.catch_warnings():
        # Discs of old scanners are full of names that the standard does not allow.
        warnings.simplefilter("ignore")
        for parts in _list_images(read_dataset(file.read_bytes(), _MAX_BYTES)):
            relative = PurePosixPath(*parts)
            if relative.is_absolute() or ".." in relative.parts or not relative.parts:
                raise CorruptFile(f"The DICOMDIR names a file outside its own folder. {_SEND}")
            path, lower = file.parent / relative, file.parent / str(relative).lower()
            found.append(lower if lower.exists() and not path.exists() else path)
    return found


def _list_images(directory: Dataset) -> Iterator[list[str]]:
    records = directory.get("DirectoryRecordSequence")
    if records is None:
        raise CorruptFile(f"The DICOMDIR lists no files. {_SEND}")
    for record in records:
        if record.get("DirectoryRecordType") == "IMAGE":
            parts = record.get("ReferencedFileID") or ()
            yield [parts] if isinstance(parts, str) else [str(part) for part in parts]
