"""Bodies of several parts, however they are cut."""

import pytest

from tumorscope.domain.errors import PeerError
from tumorscope.pacs.multipart import join_parts, read_parts

_TYPE = 'multipart/related; type="application/dicom"; boundary="a-b"'
_FILES = [b"DICM\r\n--a\r\n", b"", b"\r\n\r\n--"]


def _read(content_type: str, chunks: list[bytes]) -> list[bytes]:
    files: list[bytes] = []
    for piece in read_parts(content_type, chunks):
        if piece is None:
            files.append(b"")
        else:
            files[-1] += piece
    return files


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_parts_are_the_same_however_the_body_is_cut(size: int) -> None:
    body = join_parts(_FILES, "a-b")
    assert _read(_TYPE, [body[start : start + size] for start in range(0, len(body), size)]) == _FILES


def test_body_may_begin_with_a_line_break() -> None:
    assert _read(_TYPE, [b"\r\n" + join_parts(_FILES, "a-b")]) == _FILES


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/dicom", b"DICM"),
        ("multipart/related", b""),
        (_TYPE, b""),
        (_TYPE.replace("a-b", "b" * 9000), b""),
        (_TYPE, b"<html>"),
        (_TYPE, join_parts(_FILES, "a-b")[:-6]),
        (_TYPE, join_parts(_FILES, "a-b")[:20]),
    ],
)
def test_other_bodies_and_such_that_end_early_are_invalid(content_type: str, body: bytes) -> None:
    with pytest.raises(PeerError) as raised:
        _read(content_type, [body])
    assert raised.value.code == "answer_invalid"
