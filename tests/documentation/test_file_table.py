"""The tables of docs/formats.md state what is read, which is the same for every order of the files."""

import numpy as np
import pytest

from tests.documentation.file_table import (
    DATA,
    MADE,
    PAGE,
    REAL,
    find_real,
    make_all,
    replace_table,
    write_made,
    write_real,
)
from tumorscope.domain.errors import InputError
from tumorscope.imaging.decode import decode_upload, sniff_upload
from tumorscope.imaging.decoder_channel import pack
from tumorscope.imaging.source import FROM_DISK, SourceFile

_REMEDY = "run `python -m tests.documentation.file_table`"


def test_table_of_made_files_states_what_is_read() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == replace_table(page, MADE, write_made()), _REMEDY


def test_table_of_real_files_states_what_is_read() -> None:
    _require_real()
    page = PAGE.read_text(encoding="utf-8")
    assert page == replace_table(page, REAL, write_real()), _REMEDY


def test_order_of_made_files_does_not_matter() -> None:
    for kind, files in make_all():
        _check_orders(kind, files)


def test_order_of_real_files_does_not_matter() -> None:
    _require_real()
    for folder, studies in find_real():
        for files in studies:
            _check_orders(folder, files)


def _require_real() -> None:
    if not (DATA / "field").is_dir():
        pytest.skip("the real files are absent: set TUMORSCOPE_DATA to the folder that holds dicom/ and field/")


def _check_orders(name: str, files: list[SourceFile]) -> None:
    if len(files) == 1:
        return
    expected = _read_all(files)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(files))
        assert _read_all([files[index] for index in order]) == expected, name


def _read_all(files: list[SourceFile]) -> object:
    """All of the answer, bit for bit."""
    try:
        upload = sniff_upload(files)
        described, arrays = pack(decode_upload(upload, FROM_DISK))
    except InputError as error:
        return error.code, str(error)
    return upload.hash(), described, [array.tobytes() for array in arrays]
