"""Content codings: undone within a bound, or refused in words."""

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tumorscope.api.open_inference.content_coding import Coding, choose_coding, decode_body, encode_body
from tumorscope.domain.errors import ExpandsTooMuch, InputError, InvalidRequest, UnsupportedFormat

_CODINGS: list[Coding] = ["gzip", "deflate"]


@settings(deadline=None)
@given(st.binary(), st.sampled_from(_CODINGS))
def test_coded_body_comes_back(body: bytes, coding: Coding) -> None:
    assert decode_body(encode_body(body, coding), coding, len(body)) == body


def test_codings_are_those_that_others_write_and_read() -> None:
    body = b"pixels" * 100
    assert decode_body(gzip.compress(body), "gzip", 600) == body
    assert decode_body(zlib.compress(body), " Deflate ", 600) == body
    assert gzip.decompress(encode_body(body, "gzip")) == body
    assert zlib.decompress(encode_body(body, "deflate")) == body


@pytest.mark.parametrize("name", ["", "identity"])
def test_body_without_a_coding_is_left_alone(name: str) -> None:
    assert decode_body(b"{}", name, 10) == b"{}"


@pytest.mark.parametrize("name", ["br", "zstd", "gzip, gzip", "deflate, gzip"])
def test_unknown_or_repeated_coding_is_refused(name: str) -> None:
    with pytest.raises(UnsupportedFormat, match="gzip and deflate"):
        decode_body(gzip.compress(b"{}"), name, 10)


@pytest.mark.parametrize("coding", _CODINGS)
def test_nothing_is_unpacked_beyond_the_bound(coding: Coding) -> None:
    packed = encode_body(bytes(1001), coding)
    assert len(decode_body(packed, coding, 1001)) == 1001
    with pytest.raises(ExpandsTooMuch):
        decode_body(packed, coding, 1000)


@pytest.mark.parametrize("coding", _CODINGS)
def test_half_a_stream_and_more_than_one_are_refused(coding: Coding) -> None:
    packed = encode_body(b"pixels" * 100, coding)
    for damaged in (packed[:-1], packed[: len(packed) // 2], packed + b"\0", packed + packed):
        with pytest.raises(InvalidRequest, match="one whole"):
            decode_body(damaged, coding, 10_000)


@settings(deadline=None)
@given(st.binary(), st.text() | st.sampled_from(_CODINGS))
def test_any_bytes_are_unpacked_within_the_bound_or_refused(body: bytes, coding: str) -> None:
    try:
        content = decode_body(body, coding, 100)
    except InputError:
        return
    assert content == body or len(content) <= 100


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("", None),
        ("gzip", "gzip"),
        ("deflate", "deflate"),
        ("gzip, deflate, br", "gzip"),
        ("gzip;q=0.5, deflate;q=0.8", "deflate"),
        ("gzip;q=0", None),
        ("gzip;q=x", None),
        ("identity, br;q=1", None),
        ("GZIP; Q=1", "gzip"),
    ],
)
def test_answer_is_coded_as_the_client_would_have_it(accept: str, coding: Coding | None) -> None:
    assert choose_coding(accept) == coding


@settings(deadline=None)
@given(st.text())
def test_any_wish_for_a_coding_is_read(accept: str) -> None:
    assert choose_coding(accept) in {None, *_CODINGS}
