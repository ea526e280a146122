"""The JSON of the Open Inference Protocol v2: an inference request and its answer."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_Row = Annotated[list[float], Field(fail_fast=True)]
_Plane = Annotated[list[_Row], Field(fail_fast=True)]
_Slice = Annotated[list[_Plane], Field(fail_fast=True)]
_Batch = Annotated[list[_Slice], Field(fail_fast=True)]
_Length = Annotated[int, Field(ge=1)]


class _Strict(BaseModel):
    """No text is converted to a number; infinity and not-a-number are refused."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class InputParameters(_Strict):
    """How the tensor is sent. Other parameters would change the answer, so they are refused."""

    model_config = ConfigDict(extra="forbid")

    binary_data_size: int | None = Field(
        default=None,
        ge=0,
        description="Size of the tensor after the JSON, in bytes: little-endian float32, row by row.",
    )


class InputTensor(_Strict):
    """Preprocessed pixels of n slices."""

    name: Literal["pixels"]
    shape: Annotated[list[_Length], Field(min_length=4, max_length=4, description="n, height, width, 3.")]
    datatype: Literal["FP32"]
    parameters: InputParameters | None = None
    data: _Row | _Batch | None = Field(
        default=None,
        description="In 0..1; flat, row by row, or nested as the shape states. Absent if the tensor is binary.",
    )


class OutputParameters(_Strict):
    """How the tensor is returned. Other parameters would change the answer, so they are refused."""

    model_config = ConfigDict(extra="forbid")

    binary_data: bool | None = Field(default=None, description="After the JSON, not in it.")


class RequestedOutput(_Strict):
    """A tensor to return."""

    name: str
    parameters: OutputParameters | None = None


class RequestParameters(_Strict):
    """Others, such as priority and timeout, are ignored."""

    binary_data_output: bool = Field(default=False, description="All outputs as binary tensors.")


class InferenceRequest(_Strict):
    """The JSON of an inference request."""

    id: str | None = Field(default=None, description="Repeated in the answer.")
    parameters: RequestParameters | None = None
    inputs: Annotated[list[InputTensor], Field(min_length=1, max_length=1)]
    outputs: list[RequestedOutput] | None = Field(default=None, description="All if absent or empty.")


class BinarySize(BaseModel):
    """Size of an output tensor after the JSON."""

    binary_data_size: int


class OutputTensor(BaseModel):
    """A tensor of the answer, with either `data` or `parameters`."""

    name: str
    shape: list[int]
    datatype: Literal["FP32"] = "FP32"
    parameters: BinarySize | None = None
    data: list[float] | None = Field(default=None, description="Flat, row by row.")


class AnswerParameters(BaseModel):
    """Sent with every answer."""

    notice: str


class InferenceAnswer(BaseModel):
    """The JSON of the answer to an inference request."""

    model_name: str
    model_version: str
    id: str | None = None
    parameters: AnswerParameters
    outputs: list[OutputTensor]
