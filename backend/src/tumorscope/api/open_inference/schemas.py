"""The JSON of the Open Inference Protocol v2: what an inference request says, and what its answer does."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

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
