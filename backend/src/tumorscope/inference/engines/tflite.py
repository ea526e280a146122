"""A Bundle in, the weights and ranges of its int8 network out, for another engine than LiteRT."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from tumorscope.domain.errors import BundleInvalid
from tumorscope.model.bundle import INT8_FILE, Bundle
from tumorscope.model.vgg16_layers import CONVOLUTION_NAMES, CONVOLUTIONS, FEATURE_BLOCKS, LAST_CONVOLUTION

# Steps of an int8 tensor over its whole range.
_LEVELS = 255
_TYPES = {schema.TensorType.INT8: "i1", schema.TensorType.INT32: "<i4", schema.TensorType.FLOAT32: "<f4"}


@dataclass(frozen=True, slots=True)
class Int8Convolution:
    """A convolution with its ReLU.

    Parameters
    ----------
    kernel : ndarray, shape (filters, channels, 3, 3), int8
        In steps.
    steps : ndarray, shape (filters,), float32
        Of each filter's weights.
    bias : ndarray, shape (filters,), float32
        In the output's units.
    highest : float
        The end of the output's range.
    """

    kernel: NDArray[np.int8]
    steps: NDArray[np.float32]
    bias: NDArray[np.float32]
    highest: float


@dataclass(frozen=True, slots=True)
class Int8Network:
    """Convolutions by name, and factors that restore the outputs, whose channels the conversion has scaled.

    Parameters
    ----------
    convolutions : mapping of str to Int8Convolution
        All of them.
    feature_scale : ndarray, shape (features,), float32
        Of `Outputs.features`.
    activation_scale : ndarray, shape (filters,), float32
        Of the last convolution's output.
    """

    convolutions: Mapping[str, Int8Convolution]
    feature_scale: NDArray[np.float32]
    activation_scale: NDArray[np.float32]


def read_int8_network(bundle: Bundle) -> Int8Network:
    """Read what `model.int8` wrote.

    Raises
    ------
    BundleInvalid
        There is no int8 network, or it is another than that of the weights.
    """
    if bundle.int8 is None:
        raise BundleInvalid("the bundle has no int8 network; `tumorscope export` makes one")
    lower = [f"block{block}_conv{count}" for block, count in enumerate(CONVOLUTIONS[:FEATURE_BLOCKS], 1)]
    try:
        found, factors = _read_operators(schema.Model.GetRootAs(bundle.int8))
    # Of a file of another kind, any exception.
    except Exception as error:
        raise BundleInvalid(f"{INT8_FILE} cannot be read") from error
    shapes = [bundle.weights[f"{name}/kernel"].transpose(3, 2, 0, 1).shape for name in CONVOLUTION_NAMES]
    none = np.empty(0, np.float32)
    features, activation = factors.get(2, none), factors.get(4, none)
    lengths = [sum(bundle.weights[f"{name}/bias"].size for name in of) for of in (lower, [LAST_CONVOLUTION])]
    if [one.kernel.shape for one in found] != shapes or [len(features), len(activation)] != lengths:
        raise BundleInvalid(f"{INT8_FILE} is not the network of the weights")
    return Int8Network(dict(zip(CONVOLUTION_NAMES, found, strict=True)), features, activation)


def _read_operators(model: schema.Model) -> tuple[list[Int8Convolution], dict[int, NDArray[np.float32]]]:
    """The convolutions in order, and the rows that an output is multiplied by, by its dimensions."""
    graph = model.Subgraphs(0)
    convolutions, factors = [], {}
    for at in range(graph.OperatorsLength()):
        operator = graph.Operators(at)
        code = model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode()
        inputs = [graph.Tensors(number) for number in operator.InputsAsNumpy()]
        if code == schema.BuiltinOperator.CONV_2D:
            _, kernel, bias = inputs
            steps = np.array(kernel.Quantization().ScaleAsNumpy(), np.float32)
            highest = _LEVELS * float(graph.Tensors(operator.Outputs(0)).Quantization().Scale(0))
            read_bias = (_read(model, bias) * bias.Quantization().ScaleAsNumpy()).astype(np.float32)
            read_kernel = np.ascontiguousarray(_read(model, kernel).transpose(0, 3, 1, 2))
            if not steps.shape == read_bias.shape == read_kernel.shape[:1]:
                raise ValueError("a filter has one step and one bias")
            convolutions.append(Int8Convolution(read_kernel, steps, read_bias, highest))
        elif code == schema.BuiltinOperator.MUL and inputs[1].ShapeLength() == 1:
            factors[graph.Tensors(operator.Outputs(0)).ShapeLength()] = np.array(_read(model, inputs[1]))
    return convolutions, factors


def _read(model: schema.Model, tensor: schema.Tensor) -> NDArray[Any]:
    content: NDArray[np.uint8] = model.Buffers(tensor.Buffer()).DataAsNumpy()
    return content.view(_TYPES[tensor.Type()]).reshape(tensor.ShapeAsNumpy())
