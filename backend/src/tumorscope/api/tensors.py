"""The body of an inference request in, prepared pixels out; output tensors in, the body of an answer out.

The JSON and the binary tensors of the Open Inference Protocol v2. Nothing here knows of HTTP or of a network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tumorscope.domain.errors import InvalidRequest

INPUT_NAME = "pixels"
DATATYPE = "FP32"
MAX_SLICES = 16
"""Of one request: as many as a volume's slices are run together."""

_ITEM_BYTES = 4
_LITTLE_ENDIAN = np.dtype("<f4")
# A resampled pixel may lie so far beyond black or white: its weights sum to 1 but for rounding.
_ROUNDING = 1e-3
# A number in JSON, with what parts it from the next; and all that is not data.
_JSON_NUMBER_BYTES = 32
_JSON_REST_BYTES = 64 * 1024

# Of the client's own names, so much is told back.
_MAX_NAME = 64

_Row = Annotated[list[float], Field(fail_fast=True)]
_Plane = Annotated[list[_Row], Field(fail_fast=True)]
_Slice = Annotated[list[_Plane], Field(fail_fast=True)]
_Batch = Annotated[list[_Slice], Field(fail_fast=True)]
_Length = Annotated[int, Field(ge=1)]


class _Strict(BaseModel):
    """No text is a number; what is not a number at all is refused."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class InputParameters(_Strict):
    """How the tensor's data come. What else a client might ask for here would change the answer, and is refused."""

    model_config = ConfigDict(extra="forbid")

    binary_data_size: int | None = Field(
        default=None, ge=0, description="Bytes of the tensor behind the JSON: little-endian float32, row by row."
    )


class InputTensor(_Strict):
    """Prepared pixels of n slices."""

    name: Literal["pixels"]
    shape: Annotated[list[_Length], Field(min_length=4, max_length=4, description="n, height, width, 3.")]
    datatype: Literal["FP32"]
    parameters: InputParameters | None = None
    data: _Row | _Batch | None = Field(
        default=None, description="In 0..1; flat, row by row, or nested as the shape says. Absent of a binary tensor."
    )


class OutputParameters(_Strict):
    """How the tensor is to come. What else a client might ask for here would be another answer, and is refused."""

    model_config = ConfigDict(extra="forbid")

    binary_data: bool | None = Field(default=None, description="Behind the JSON and not in it.")


class RequestedOutput(_Strict):
    """One tensor of the answer."""

    name: str
    parameters: OutputParameters | None = None


class RequestParameters(_Strict):
    """Others, such as priority and timeout, are taken and not heeded."""

    binary_data_output: bool = Field(default=False, description="All outputs as binary tensors.")


class InferenceRequest(_Strict):
    """The JSON of an inference request."""

    id: str | None = Field(default=None, description="Given back in the answer.")
    parameters: RequestParameters | None = None
    inputs: Annotated[list[InputTensor], Field(min_length=1, max_length=1)]
    outputs: list[RequestedOutput] | None = Field(default=None, description="Absent or empty: all.")


class BinarySize(BaseModel):
    """Of an output tensor that comes behind the JSON."""

    binary_data_size: int


class OutputTensor(BaseModel):
    """One tensor of the answer; either `data` or `parameters`."""

    name: str
    shape: list[int]
    datatype: Literal["FP32"] = "FP32"
    parameters: BinarySize | None = None
    data: list[float] | None = Field(default=None, description="Flat, row by row.")


class AnswerParameters(BaseModel):
    """What goes with every answer."""

    notice: str


class InferenceAnswer(BaseModel):
    """The JSON of the answer to an inference request."""

    model_name: str
    model_version: str
    id: str | None = None
    parameters: AnswerParameters
    outputs: list[OutputTensor]


@dataclass(frozen=True, slots=True)
class EncodedAnswer:
    """The body of an answer; `json_bytes` of it are JSON, or all where that is None."""

    body: bytes
    json_bytes: int | None


def limit_body(size: int) -> int:
    """Bytes that the largest request takes, as text: of `MAX_SLICES` slices of a model for `size` pixels."""
    return MAX_SLICES * size * size * 3 * _JSON_NUMBER_BYTES + _JSON_REST_BYTES


def parse_request(body: bytes, header_length: str | None, size: int) -> tuple[InferenceRequest, NDArray[np.float32]]:
    """Read an inference request.

    Parameters
    ----------
    body : bytes
        The JSON, and behind it the binary tensor if there is one.
    header_length : str, optional
        The header ``Inference-Header-Content-Length``: how many bytes are JSON; None where all are.
    size : int
        Side of the model's input, in pixels.

    Returns
    -------
    request : InferenceRequest
        What is asked for.
    pixels : ndarray, shape (n, size, size, 3), float32, 0..1
        Of 1 to `MAX_SLICES` slices.

    Raises
    ------
    InvalidRequest
        The body does not follow the protocol, or its tensor is not of the model's input.
    """
    json_bytes = len(body) if header_length is None else _read_length(header_length, len(body))
    try:
        request = InferenceRequest.model_validate_json(body[:json_bytes])
    except ValidationError as error:
        raise InvalidRequest(_describe(error)) from error
    tensor = request.inputs[0]
    _check_shape(tensor.shape, size)
    pixels = _read_numbers(tensor, body[json_bytes:]).reshape(tensor.shape)
    # Written so that not-a-number fails.
    if not (pixels.min() >= -_ROUNDING and pixels.max() <= 1 + _ROUNDING):
        raise InvalidRequest(
            "A pixel is no number between 0 and 1: they come as the model's preprocessing leaves them."
        )
    return request, pixels.astype(np.float32)


def choose_outputs(request: InferenceRequest, available: Sequence[str]) -> list[str]:
    """Names of the tensors that are asked for, in the order asked.

    Raises
    ------
    InvalidRequest
        There is none of a name, or it is asked for twice.
    """
    if not request.outputs:
        return list(available)
    names = [one.name for one in request.outputs]
    if len(set(names)) < len(names) or not set(names) <= set(available):
        raise InvalidRequest(f"outputs: each of {', '.join(available)} may be asked for once, and no other.")
    return names


def encode_answer(
    request: InferenceRequest, head: InferenceAnswer, tensors: Mapping[str, NDArray[np.float32]]
) -> EncodedAnswer:
    """Write an answer.

    Parameters
    ----------
    request : InferenceRequest
        Which says of each tensor whether it goes behind the JSON.
    head : InferenceAnswer
        Without outputs.
    tensors : mapping of str to ndarray
        Those that are asked for, in the order asked.
    """
    binary = _find_binary(request, tensors)
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


def _find_binary(request: InferenceRequest, tensors: Mapping[str, NDArray[np.float32]]) -> set[str]:
    usual = request.parameters is not None and request.parameters.binary_data_output
    wished = {one.name: one.parameters.binary_data for one in request.outputs or () if one.parameters is not None}
    return {name for name in tensors if (usual if wished.get(name) is None else wished[name])}


def _read_length(header_length: str, body_bytes: int) -> int:
    if not (header_length.isascii() and header_length.isdecimal()) or len(header_length) > 12:
        raise InvalidRequest("Inference-Header-Content-Length is no number of bytes.")
    if int(header_length) > body_bytes:
        raise InvalidRequest("Inference-Header-Content-Length is more than the whole body.")
    return int(header_length)


def _check_shape(shape: list[int], size: int) -> None:
    if shape[1:] != [size, size, 3]:
        raise InvalidRequest(f"inputs.0.shape: the model takes (n, {size}, {size}, 3).")
    if shape[0] > MAX_SLICES:
        raise InvalidRequest(f"inputs.0.shape: a request holds at most {MAX_SLICES} slices.")


def _read_numbers(tensor: InputTensor, binary: bytes) -> NDArray[np.float64] | NDArray[np.float32]:
    """As many as the shape says."""
    count = int(np.prod(tensor.shape))
    declared = None if tensor.parameters is None else tensor.parameters.binary_data_size
    if declared is not None:
        if tensor.data is not None:
            raise InvalidRequest("inputs.0: a tensor has either data or binary_data_size.")
        if declared != len(binary) or declared != count * _ITEM_BYTES:
            raise InvalidRequest("inputs.0: binary_data_size, the shape and what follows the JSON differ in size.")
        return np.frombuffer(binary, _LITTLE_ENDIAN)
    if binary or tensor.data is None:
        raise InvalidRequest("inputs.0: a tensor has its numbers in data, or behind the JSON with binary_data_size.")
    try:
        # As wide as the text: what float32 cannot hold is found to be out of range and overflows nothing.
        numbers = np.array(tensor.data, np.float64)
    except (ValueError, OverflowError) as error:
        raise InvalidRequest("inputs.0.data: its lists are not as long as the shape says.") from error
    if numbers.size != count or (numbers.ndim > 1 and list(numbers.shape) != tensor.shape):
        raise InvalidRequest("inputs.0.data: there are not as many numbers as the shape says.")
    return numbers


def _describe(error: ValidationError) -> str:
    """Where the first fault is, and which; nothing of what was sent."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = [str(part)[:_MAX_NAME] for part in first["loc"]]
    if place[2:3] == ["data"]:
        return "inputs.0.data: a flat list of numbers, or lists of them nested as the shape says."
    return f"{'.'.join(place) or 'body'}: {first['msg']}"
