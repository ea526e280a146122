"""Content codings are decoded within a bound, or refused."""

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tumorscope.api.open_inference.tensors import decode_body
from tumorscope.domain.errors import ExpandsTooMuch, InputError, InvalidRequest, UnsupportedFormat

_ENCODERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}


@given(st.binary(), st.sampled_from(sorted(_ENCODERS)))
def test_encoded_body_is_decoded(body: bytes, coding: str) -> None:
    assert decode_body(_ENCODERS[coding](body), f" {coding.title()} ", len(body)) == body


@pytest.mark.parametrize("name", ["", "identity"])
def test_body_without_a_coding_is_unchanged(name: str) -> None:
    assert decode_body(b"{}", name, 10) == b"{}"


@pytest.mark.parametrize("name", ["br", "zstd", "gzip, gzip", "deflate, gzip"])
def test_unknown_or_repeated_coding_is_refused(name: str) -> None:
    with pytest.raises(UnsupportedFormat, match="gzip and deflate"):
        decode_body(gzip.compress(b"{}"), name, 10)


@pytest.mark.parametrize("coding", _ENCODERS)
def test_nothing_is_decoded_beyond_the_bound(coding: str) -> None:
    encoded = _ENCODERS[coding](bytes(1001))
    assert len(decode_body(encoded, coding, 1001)) == 1001
    with pytest.raises(ExpandsTooMuch):
        decode_body(encoded, coding, 1000)


@pytest.mark.parametrize("coding", _ENCODERS)
def test_truncated_stream_and_trailing_data_are_refused(coding: str) -> None:
    encoded = _ENCODERS[coding](b"pixels" * 100)
    for damaged in (encoded[:-1], encoded[: len(encoded) // 2], encoded + b"\0", encoded + encoded):
        with pytest.raises(InvalidRequest, match="one whole"):
            decode_body(damaged, coding, 10_000)


@given(st.binary(), st.text() | st.sampled_from(sorted(_ENCODERS)))
def test_any_bytes_are_decoded_within_the_bound_or_refused(body: bytes, coding: str) -> None:
    try:
        content = decode_body(body, coding, 100)
    except InputError:
        return
    assert content == body or len(content) <= 100
