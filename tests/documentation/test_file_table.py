"""The tables of docs/formats.md state what is read."""

import pytest

from tests.documentation.file_table import DATA, MADE, PAGE, REAL, replace_table, write_made, write_real

_REMEDY = "run `python -m tests.documentation.file_table`"


def test_table_of_made_files_states_what_is_read() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == replace_table(page, MADE, write_made()), _REMEDY


def test_table_of_real_files_states_what_is_read() -> None:
    if not (DATA / "field").is_dir():
        pytest.skip("the real files are absent: set TUMORSCOPE_DATA to the folder that holds dicom/ and field/")
    page = PAGE.read_text(encoding="utf-8")
    assert page == replace_table(page, REAL, write_real()), _REMEDY
