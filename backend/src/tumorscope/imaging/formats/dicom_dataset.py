"""The bytes of one DICOM file in, its data set out, within bounds of time and memory."""

import logging
import warnings
import zlib
from functools import cache
from io import BytesIO
from typing import Any

import pydicom
from pydicom.dataset import Dataset, FileDataset
from pydicom.filereader import read_dataset as read_data_elements
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag, Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tumorscope.domain.errors import CorruptFile, ExpandsTooMuch
from tumorscope.imaging.formats.signatures import DICOM_MAGIC, PREAMBLE
from tumorscope.imaging.source import Reserve, allow_all
from tumorscope.imaging.wrap_errors import as_corrupt_file

# pydicom logs and warns about the content of files, which may be a patient's name.
logging.getLogger("pydicom").disabled = True
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

# A file with a thousand frames needs a third; a file of nothing but tags would take minutes.
_MAX_READS = 500_000
_OF_SERIES = Tag("StudyInstanceUID"), Tag("SeriesInstanceUID"), Tag("SeriesNumber")
_INFLATE_STEP = 16 * 2**20
# Memory that pydicom takes for what it reads at once, reserved by steps.
_READ_BYTES = 256
_READS_STEP = 100_000


class _CountedFile(BytesIO):
    """A file in memory with a limited number of reads."""

    def __init__(self, data: bytes, reserve: Reserve = allow_all) -> None:
        super().__init__(data)
        self.reads = 0
        self._reserve = reserve

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads > _MAX_READS:
            raise CorruptFile("The DICOM file has more elements than any image needs. Export it again.")
        if self.reads % _READS_STEP == 0:
            self._reserve(_READ_BYTES * _READS_STEP)
        return super().read(size)


def read_dataset(data: bytes, max_bytes: int, reserve: Reserve = allow_all) -> FileDataset:
    """Parse one DICOM file, and inflate a deflated one to at most `max_bytes`; `reserve` is told what that takes.

    Returns
    -------
    FileDataset
        With a transfer syntax in its file meta information, guessed if the file states none.

    Raises
    ------
    CorruptFile
        The file cannot be parsed.
    ExpandsTooMuch
        It inflates to more.
    """
    with (
        as_corrupt_file("The file begins like DICOM and cannot be read. Export it again."),
        warnings.catch_warnings(action="ignore"),
    ):
        return _parse(data, max_bytes, reserve)


def read_value(dataset: Dataset, keyword: str) -> Any:  # noqa: ANN401  (as pydicom gives it)
    """The value of an element, or None; a tenth of the time that `Dataset.get` takes to find that there is none."""
    tag = _find_tag(keyword)
    return dataset[tag].value if tag in dataset.keys() else None  # noqa: SIM118  (the data set itself converts the tag)


@cache
def _find_tag(keyword: str) -> BaseTag:
    return Tag(keyword)


def read_series(begin: bytes) -> tuple[str | None, tuple[str, str] | None]:
    """Read from the first groups of a DICOM file which series it belongs to, as far as they can be read.

    Returns
    -------
    (str or None, (str, str) or None)
        Series Instance UID; and Study Instance UID with Series Number, which slices share that have a series UID each.
    """
    found = _peek(begin, *_OF_SERIES)
    study, uid, number = (None if found.get(tag) is None else str(found[tag]) for tag in _OF_SERIES)
    return uid or None, None if study is None or number is None else (study, number)


def _peek(begin: bytes, *tags: BaseTag) -> dict[BaseTag, object]:
    """Elements in the beginning of a file, as far as they can be read."""

    def is_beyond(found: BaseTag, _vr: str | None, _length: int) -> bool:
        return bool(found > tags[-1])

    try:
        with warnings.catch_warnings(action="ignore"):
            # Of twenty thousand files, reading the meta information of each twice is a third of the time.
            if DeflatedExplicitVRLittleEndian.encode() in begin:
                meta, end = _read_meta(begin)
                if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
                    begin = zlib.decompressobj(-zlib.MAX_WBITS).decompress(begin[end:], len(begin))
            found = read_partial(_CountedFile(begin), is_beyond, force=True, specific_tags=list(tags))
            return {tag: found[tag].value for tag in tags if tag in found}
    except Exception:  # noqa: BLE001  (decoding the file reports its error)
        return {}


def _parse(data: bytes, max_bytes: int, reserve: Reserve) -> FileDataset:
    meta, end = _read_meta(data)
    if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        # pydicom would inflate without limit; inflated, it is an explicit file without its meta group.
        data = _inflate(data[end:], max_bytes, reserve)
    # The elements' values, which are copies, and what pydicom keeps of each.
    reserve(len(data))
    file = _CountedFile(data, reserve)
    dataset = pydicom.dcmread(file, force=True)
    reserve(_READ_BYTES * (file.reads % _READS_STEP))
    if not dataset.file_meta.get("TransferSyntaxUID"):
        implicit, _ = dataset.original_encoding
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    if not len(dataset):
        raise CorruptFile("The DICOM file ends before its first element. Export it again.")
    return dataset


def _read_meta(data: bytes) -> tuple[Dataset, int]:
    """Group 2, which is never deflated, and where it ends."""
    if data[PREAMBLE : PREAMBLE + len(DICOM_MAGIC)] != DICOM_MAGIC:
        return Dataset(), 0
    stream = _CountedFile(data)
    stream.seek(PREAMBLE + len(DICOM_MAGIC))

    def is_beyond(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        return tag.group != 2

    meta = read_data_elements(stream, is_implicit_VR=False, is_little_endian=True, stop_when=is_beyond)
    return meta, stream.tell()


def _inflate(deflated: bytes, max_bytes: int, reserve: Reserve) -> bytes:
    engine, chunks, size = zlib.decompressobj(-zlib.MAX_WBITS), list[bytes](), 0
    while chunk := engine.decompress(deflated, _INFLATE_STEP):
        chunks.append(chunk)
        size += len(chunk)
        if size > max_bytes:
            raise ExpandsTooMuch(f"The file inflates to more than {max_bytes // 2**20} MiB. Export it again.")
        # Twice, for the chunks are joined.
        reserve(2 * len(chunk))
        deflated = engine.unconsumed_tail
    return b"".join(chunks)
