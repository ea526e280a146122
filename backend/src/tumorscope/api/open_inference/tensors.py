"""The body of an inference request in, prepared pixels out; output tensors in, the body of an answer out.

The JSON and the binary tensors of the Open Inference Protocol v2. Nothing here depends on HTTP or on the network.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from tumorscope.api.open_inference.schemas import (
    BinarySize,
    InferenceAnswer,
    InferenceRequest,
    InputTensor,
    OutputTensor,
)
from tumorscope.domain.errors import ExpandsTooMuch, InvalidRequest, UnsupportedFormat

INPUT_NAME = "pixels"
DATATYPE = "FP32"
MAX_SLICES = 16
"""Most slices of one request, the same as one batch of a volume."""

_ITEM_BYTES = 4
_LITTLE_ENDIAN = np.dtype("<f4")
# Resampling may exceed 0..1 by this much, because its weights sum to 1 only up to rounding.
_ROUNDING = 1e-3
# A number in JSON with its separator; and everything that is not data.
_JSON_NUMBER_BYTES = 32
_JSON_REST_BYTES = 64 * 1024
_JSON_COMMAS = 1000

# The container around the compressed data, as zlib names it; "deflate" is zlib's own.
_WINDOW_BITS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
# Error messages quote at most this much of a client's names.
_MAX_NAME = 64


@dataclass(frozen=True, slots=True)
class EncodedAnswer:
    """The body of an answer; its first `json_bytes` bytes are JSON, or all if that is None."""

    body: bytes
    json_bytes: int | None


def limit_body(size: int) -> int:
    """Compute the size of the largest request in JSON: `MAX_SLICES` slices of `size` x `size` pixels."""
    return MAX_SLICES * size * size * 3 * _JSON_NUMBER_BYTES + _JSON_REST_BYTES


def decode_body(body: bytes, content_encoding: str, max_bytes: int) -> bytes:
    """Decode a body by its ``Content-Encoding`` (RFC 9110, section 8.4), if it has one, to at most `max_bytes`.

    Raises
    ------
    UnsupportedFormat
        The coding is neither gzip nor deflate, or there are several.
    ExpandsTooMuch
        The body decodes to more than `max_bytes`; decoding stops there.
    InvalidRequest
        The body is not what the header says, is truncated, or has data behind its end.
    """
    coding = content_encoding.strip().lower()
    if coding in {"", "identity"}:
        return body
    if coding not in _WINDOW_BITS:
        raise UnsupportedFormat("The content coding is not supported; gzip and deflate are.")
    decompressor = zlib.decompressobj(_WINDOW_BITS[coding])
    try:
        content = decompressor.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise InvalidRequest(f"The body is not {coding}, as its Content-Encoding says.") from error
    if len(content) > max_bytes:
        raise ExpandsTooMuch(f"The body decodes to more than {max_bytes} bytes.")
    if not decompressor.eof or decompressor.unused_data:
        raise InvalidRequest(f"The body is not one whole {coding} stream.")
    return content


def parse_request(body: bytes, header_length: str | None, size: int) -> tuple[InferenceRequest, NDArray[np.float32]]:
    """Read an inference request.

    Parameters
    ----------
    body : bytes
        The JSON, followed by the binary tensor if there is one.
    header_length : str, optional
        The header ``Inference-Header-Content-Length``: how many bytes are JSON; None if all are.
    size : int
        Side of the model's input, in pixels.

    Returns
    -------
    request : InferenceRequest
        The parsed JSON.
    pixels : ndarray, shape (n, size, size, 3), float32, 0..1
        1 to `MAX_SLICES` slices.

    Raises
    ------
    InvalidRequest
        The body violates the protocol, or its tensor does not fit the model's input.
    """
    json_bytes = len(body) if header_length is None else _read_length(header_length, len(body))
    # Before they become objects: short numbers are many in few bytes, and reading them holds the event loop up.
    if body.count(b",", 0, json_bytes) > MAX_SLICES * size * size * 3 + _JSON_COMMAS:
        raise InvalidRequest(f"The JSON has more values than {MAX_SLICES} slices of {size} x {size} x 3 numbers.")
    try:
        request = InferenceRequest.model_validate_json(body[:json_bytes])
    except ValidationError as error:
        raise InvalidRequest(_describe(error)) from error
    tensor = request.inputs[0]
    if tensor.shape[1:] != [size, size, 3]:
        raise InvalidRequest(f"inputs.0.shape: the model takes (n, {size}, {size}, 3).")
    if tensor.shape[0] > MAX_SLICES:
        raise InvalidRequest(f"inputs.0.shape: a request holds at most {MAX_SLICES} slices.")
    pixels = _read_numbers(tensor, body[json_bytes:]).reshape(tensor.shape)
    # Written so that not-a-number fails, too.
    if not (pixels.min() >= -_ROUNDING and pixels.max() <= 1 + _ROUNDING):
        raise InvalidRequest(
            "A pixel is not a number between 0 and 1: pixels are sent after the model's preprocessing."
        )
    return request, pixels.astype(np.float32)


def choose_outputs(request: InferenceRequest, available: Sequence[str]) -> list[str]:
    """Return the names of the requested tensors, in the order of the request.

    Raises
    ------
    InvalidRequest
        A name is unknown or repeated.
    """
    if not request.outputs:
        return list(available)
    names = [one.name for one in request.outputs]
    if len(set(names)) < len(names) or not set(names) <= set(available):
        raise InvalidRequest(f"outputs: the model has {', '.join(available)}; each may be requested once.")
    return names


def encode_answer(
    request: InferenceRequest, head: InferenceAnswer, tensors: Mapping[str, NDArray[np.float32]]
) -> EncodedAnswer:
    """Encode the requested tensors, each in the JSON or after it, as the request states."""
    default = request.parameters is not None and request.parameters.binary_data_output
    requested = {one.name: one.parameters.binary_data for one in request.outputs or () if one.parameters is not None}
    binary = {name for name in tensors if (default if requested.get(name) is None else requested[name])}
    data = {name: values.astype(_LITTLE_ENDIAN).tobytes() for name, values in tensors.items() if name in binary}
    outputs = [
        OutputTensor(
            name=name,
            shape=list(values.shape),
            parameters=BinarySize(binary_data_size=len(data[name])) if name in binary else None,
            data=None if name in binary else values.ravel().tolist(),
        )
        for name, values in tensors.items()
    ]
    answer = head.model_copy(update={"id": request.id, "outputs": outputs})
    text = answer.model_dump_json(exclude_none=True).encode()
    return EncodedAnswer(b"".join([text, *data.values()]), len(text) if data else None)


def _read_length(header_length: str, body_bytes: int) -> int:
    if not (header_length.isascii() and header_length.isdecimal()) or len(header_length) > 12:
        raise InvalidRequest("Inference-Header-Content-Length is not a number of bytes.")
    if int(header_length) > body_bytes:
        raise InvalidRequest("Inference-Header-Content-Length exceeds the size of the body.")
    return int(header_length)


def _read_numbers(tensor: InputTensor, binary: bytes) -> NDArray[np.float64] | NDArray[np.float32]:
    """Read as many numbers as the shape states."""
    count = int(np.prod(tensor.shape))
    declared = None if tensor.parameters is None else tensor.parameters.binary_data_size
    if declared is not None:
        if tensor.data is not None:
            raise InvalidRequest("inputs.0: a tensor has either data or binary_data_size.")
        if declared != len(binary) or declared != count * _ITEM_BYTES:
            raise InvalidRequest("inputs.0: binary_data_size, the shape and the bytes after the JSON differ in size.")
        return np.frombuffer(binary, _LITTLE_ENDIAN)
    if binary or tensor.data is None:
        raise InvalidRequest("inputs.0: a tensor has its numbers in data, or after the JSON with binary_data_size.")
    try:
        # float64, so that a number beyond float32 does not overflow but is found to be out of range.
        numbers = np.array(tensor.data, np.float64)
    except (ValueError, OverflowError) as error:
        raise InvalidRequest("inputs.0.data: its lists do not have the lengths that the shape states.") from error
    if numbers.size != count or (numbers.ndim > 1 and list(numbers.shape) != tensor.shape):
        raise InvalidRequest("inputs.0.data: the number of values differs from the shape.")
    return numbers


def _describe(error: ValidationError) -> str:
    """Describe the first error and its place, without quoting the request."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = [str(part)[:_MAX_NAME] for part in first["loc"]]
    if place[2:3] == ["data"]:
        return "inputs.0.data: a flat list of numbers, or lists nested as the shape states."
    return f"{'.'.join(place) or 'body'}: {first['msg']}"
