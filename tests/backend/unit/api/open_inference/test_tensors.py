"""Bodies of inference requests: valid ones are read exactly, and any others are refused with a message."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tumorscope.api.open_inference.schemas import AnswerParameters, InferenceAnswer
from tumorscope.api.open_inference.tensors import MAX_SLICES, choose_outputs, encode_answer, limit_body, parse_request
from tumorscope.domain.errors import InvalidRequest

_SIZE = 32
_COUNT = _SIZE * _SIZE * 3
_HEAD = InferenceAnswer(model_name="m", model_version="1.0.0", parameters=AnswerParameters(notice="…"), outputs=[])


def _make_body(*, binary: bytes = b"", **tensor: Any) -> tuple[bytes, str]:
    """A request for one tensor, and how many bytes of it are JSON."""
    described = {"name": "pixels", "shape": [1, _SIZE, _SIZE, 3], "datatype": "FP32", **tensor}
    text = json.dumps({"inputs": [described]}).encode()
    return text + binary, str(len(text))


def _make_pixels(count: int = 1) -> NDArray[np.float32]:
    return np.random.default_rng(count).random((count, _SIZE, _SIZE, 3), np.float32)


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("count", [1, MAX_SLICES])
def test_json_tensor_is_read_exactly(count: int, nested: bool) -> None:
    pixels = _make_pixels(count)
    data = pixels.tolist() if nested else pixels.ravel().tolist()
    body, _ = _make_body(shape=list(pixels.shape), data=data)
    assert len(body) < limit_body(_SIZE)
    _, read = parse_request(body, None, _SIZE)
    assert np.array_equal(read, pixels)


def test_binary_tensor_is_read_exactly() -> None:
    pixels = _make_pixels(2)
    body, length = _make_body(
        shape=list(pixels.shape), parameters={"binary_data_size": pixels.nbytes}, binary=pixels.tobytes()
    )
    _, read = parse_request(body, length, _SIZE)
    assert np.array_equal(read, pixels)


def test_integers_of_json_are_numbers() -> None:
    _, read = parse_request(_make_body(data=[0, 1, 0] * (_COUNT // 3))[0], None, _SIZE)
    assert read.sum() == _COUNT / 3


@pytest.mark.parametrize(
    "data",
    [
        ["0.5"] * _COUNT,
        [True] * _COUNT,
        [None] * _COUNT,
        [0.5] * (_COUNT - 1),
        [1e300] * _COUNT,
        [10**400] * _COUNT,
        [float("nan")] * _COUNT,
        [[0.5] * _COUNT],
        [[[[0.5] * 3] * _SIZE] * _SIZE, [[[0.5] * 3] * _SIZE] * (_SIZE - 1)],
        [[[[0.5] * 2 * _SIZE] * 3] * (_SIZE // 2)],
        {},
        "0.5",
    ],
    ids=lambda data: str(data)[:12],
)
def test_data_that_are_not_the_pixels_are_refused(data: object) -> None:
    body, _ = _make_body(data=data)
    with pytest.raises(InvalidRequest):
        parse_request(body, None, _SIZE)


@pytest.mark.parametrize(
    ("tensor", "binary", "message"),
    [
        ({}, b"", "has its numbers in data"),
        ({"parameters": {"binary_data_size": 8}}, bytes(8), "differ in size"),
        ({"parameters": {"binary_data_size": 4 * _COUNT}}, bytes(4 * _COUNT - 1), "differ in size"),
        ({"parameters": {"binary_data_size": 4 * _COUNT}}, bytes(4 * _COUNT + 1), "differ in size"),
        ({"parameters": {"binary_data_size": -1}}, b"", "binary_data_size"),
        ({"parameters": {"binary_data_size": 4 * _COUNT}, "data": [0.5]}, bytes(4 * _COUNT), "either data or"),
        ({"data": [0.5] * _COUNT}, b"\0", "has its numbers in data"),
        ({"name": "image"}, b"", "inputs.0.name: Input should be 'pixels'"),
        ({"shape": [0, _SIZE, _SIZE, 3]}, b"", "inputs.0.shape.0"),
        ({"shape": [2**70, _SIZE, _SIZE, 3]}, b"", "inputs.0.shape"),
    ],
)
def test_tensor_that_contradicts_itself_is_refused(tensor: dict[str, Any], binary: bytes, message: str) -> None:
    body, length = _make_body(binary=binary, **tensor)
    with pytest.raises(InvalidRequest, match=message):
        parse_request(body, length, _SIZE)


@pytest.mark.parametrize("length", ["", "-1", "1e3", "²", "99999999", "9" * 5000])
def test_invalid_json_length_is_refused(length: str) -> None:
    with pytest.raises(InvalidRequest, match="Inference-Header-Content-Length"):
        parse_request(_make_body(data=[0.5] * _COUNT)[0], length, _SIZE)


def test_refusal_quotes_nothing_of_the_request_but_a_short_name() -> None:
    body, _ = _make_body(parameters={"Jane Doe " * 1000: 1})
    with pytest.raises(InvalidRequest) as refusal:
        parse_request(body, None, _SIZE)
    assert len(str(refusal.value)) < 200


@given(st.binary(), st.none() | st.text() | st.integers().map(str))
def test_any_bytes_are_refused_with_a_message(body: bytes, length: str | None) -> None:
    with pytest.raises(InvalidRequest):
        parse_request(body, length, _SIZE)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(
    st.fixed_dictionaries(
        {"inputs": st.lists(st.dictionaries(st.sampled_from(["name", "shape", "datatype", "data"]), _JSON)) | _JSON},
        optional={"id": _JSON, "parameters": _JSON, "outputs": _JSON},
    )
)
def test_any_json_is_refused_with_a_message(request: object) -> None:
    with pytest.raises(InvalidRequest):
        parse_request(json.dumps(request).encode(), None, _SIZE)


@given(st.data())
def test_damaged_request_is_read_or_refused_with_a_message(data: st.DataObject) -> None:
    pixels = _make_pixels()
    whole, length = _make_body(parameters={"binary_data_size": pixels.nbytes}, binary=pixels.tobytes())
    body = bytearray(whole)
    for place in data.draw(st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=8)):
        body[place] ^= data.draw(st.integers(1, 255))
    try:
        _, read = parse_request(bytes(body), length, _SIZE)
    except InvalidRequest:
        return
    assert read.shape == pixels.shape
    assert np.isfinite(read).all()


def test_outputs_have_the_order_of_the_request() -> None:
    body = json.loads(_make_body(data=[0.5] * _COUNT)[0])
    body["outputs"] = [{"name": "probabilities"}, {"name": "logits"}]
    request, _ = parse_request(json.dumps(body).encode(), None, _SIZE)
    assert choose_outputs(request, ["logits", "probabilities"]) == ["probabilities", "logits"]


@pytest.mark.parametrize("names", [["logits", "logits"], ["other"]])
def test_repeated_or_unknown_output_is_refused(names: list[str]) -> None:
    body = json.loads(_make_body(data=[0.5] * _COUNT)[0])
    body["outputs"] = [{"name": name} for name in names]
    request, _ = parse_request(json.dumps(body).encode(), None, _SIZE)
    with pytest.raises(InvalidRequest, match="outputs"):
        choose_outputs(request, ["logits", "probabilities"])


def test_parameter_of_an_output_precedes_that_of_the_request() -> None:
    body = json.loads(_make_body(data=[0.5] * _COUNT)[0])
    body["parameters"] = {"binary_data_output": True}
    body["outputs"] = [{"name": "a", "parameters": {"binary_data": False}}, {"name": "b"}]
    request, _ = parse_request(json.dumps(body).encode(), None, _SIZE)
    tensors = {"a": np.array([[1, 2]], np.float32), "b": np.array([3], np.float32)}
    answer = encode_answer(request, _HEAD, tensors)
    text = json.loads(answer.body[: answer.json_bytes])
    assert text["outputs"] == [
        {"name": "a", "shape": [1, 2], "datatype": "FP32", "data": [1.0, 2.0]},
        {"name": "b", "shape": [1], "datatype": "FP32", "parameters": {"binary_data_size": 4}},
    ]
    assert answer.json_bytes is not None
    assert np.frombuffer(answer.body[answer.json_bytes :], "<f4") == [3]
    assert "id" not in text


def test_more_values_than_any_request_has_are_refused_before_they_are_read() -> None:
    # Not JSON: what is read at all is refused as such.
    with pytest.raises(InvalidRequest, match="more values"):
        parse_request(b"{" + b"0," * (MAX_SLICES * _COUNT + 2000), None, _SIZE)
