"""A Bundle in, an engine for its float32 or int8 network on the CPU out, by ncnn, without TensorFlow.

Its 3x3 convolutions are Winograd's (Lavin & Gray, arXiv 1509.09308), which need a quarter of the multiplications.
"""

import ctypes
import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.errors import BundleInvalid
from tumorscope.inference.engines.engine import Outputs
from tumorscope.inference.engines.slices import MAX_SHARING, SliceEngine
from tumorscope.inference.engines.tflite import Int8Convolution, read_int8_network
from tumorscope.model.bundle import Bundle
from tumorscope.model.vgg16_layers import (
    CONVOLUTION_NAMES,
    CONVOLUTIONS,
    FEATURE_BLOCKS,
    IMAGENET_MEAN_BGR,
    LAST_CONVOLUTION,
)

# Read when ncnn is loaded. OpenMP's threads otherwise spin while they wait for each other: on cores that are shared
# with other work, a slice takes several times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
import ncnn

# The formats of ncnn's files: of the network's layers, of weights in half precision, and of those in int8.
_LAYERS_MAGIC = "7767517"
_HALF_PRECISION = (0x01306B47).to_bytes(4, "little")
_INT8 = (0x000D4B38).to_bytes(4, "little")
# Of int8 convolutions in the last block, where a slice has 8x8 cells: they are as fast without, and Winograd's weights
# would take 49 MiB.
_NO_WINOGRAD = " 31=64"
# A convolution of int8 gives float32, or what the next one reads.
_GIVES_FLOAT32, _GIVES_INT8 = 1, 101
# Activations have 127 steps here and 255 in the bundle's file. Of its range so much is kept: finer steps for all are
# worth more than the highest activations, which are clipped.
_KEPT_RANGE = 0.8
_STEPS = 127

_get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_get_pointer.restype, _get_pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)


def open_ncnn(bundle: Bundle, threads: int) -> SliceEngine:
    """Open the bundle's network.

    Each slice may run on all cores, for several at once take no more time in total than each on a core of its own;
    and the weights, which are transformed and take 190 MB, are held once.

    Raises
    ------
    BundleInvalid
        The weights do not fit the architecture.
    """
    _check_weights(bundle)
    convolutions = {
        name: _Convolution(
            bundle.weights[f"{name}/kernel"].shape[3],
            bundle.weights[f"{name}/kernel"].size,
            _pack(bundle.weights[f"{name}/kernel"].transpose(3, 2, 0, 1), bundle.weights[f"{name}/bias"]),
        )
        for name in CONVOLUTION_NAMES
    }
    return _open("ncnn-float32", bundle, convolutions, threads)


def open_ncnn_int8(bundle: Bundle, threads: int) -> SliceEngine:
    """Open the bundle's int8 network, with the weights and ranges of its file; see `open_ncnn`.

    The first convolution is float32: it is quick, and sees the pixels as they are.

    Raises
    ------
    BundleInvalid
        There is no int8 network, or it is not the manifest's.
    """
    _check_weights(bundle)
    network = read_int8_network(bundle)
    convolutions: dict[str, _Convolution] = {}
    before = None
    for name, one in network.convolutions.items():
        if before is None:
            kernel = one.kernel * one.steps[:, None, None, None]
            convolutions[name] = _Convolution(len(kernel), kernel.size, _pack(kernel, one.bias))
        else:
            convolutions[name] = _write_int8(
                one, before, within_block=name[:-1] + str(int(name[-1]) + 1) in network.convolutions
            )
        before = one
    return _open("ncnn-int8", bundle, convolutions, threads, network.feature_scale, network.activation_scale)


def _write_int8(one: Int8Convolution, before: Int8Convolution, *, within_block: bool) -> "_Convolution":
    """What a pooling or a mean reads is float32."""
    kernel = one.kernel.tobytes()
    content = [_INT8, kernel, bytes(-len(kernel) % 4), one.bias.astype("<f4").tobytes()]
    content += [(1 / one.steps).astype("<f4").tobytes(), _write_step(before)]
    if within_block:
        return _Convolution(len(one.kernel), one.kernel.size, [*content, _write_step(one)], _GIVES_INT8)
    return _Convolution(len(one.kernel), one.kernel.size, content, _GIVES_FLOAT32)


def _write_step(one: Int8Convolution) -> bytes:
    """How many steps a unit of the output is."""
    return np.array([_STEPS / (_KEPT_RANGE * one.highest)], "<f4").tobytes()


@dataclass(frozen=True, slots=True)
class _Convolution:
    """As ncnn reads it: the number of its filters and weights, their bytes, and what it gives."""

    filters: int
    size: int
    content: list[bytes]
    gives: int = 0


def _open(
    name: str,
    bundle: Bundle,
    convolutions: Mapping[str, _Convolution],
    threads: int,
    feature_scale: NDArray[np.float32] | None = None,
    activation_scale: NDArray[np.float32] | None = None,
) -> SliceEngine:
    layers, weights = _write_network(bundle, convolutions, activation_scale)
    net = ncnn.Net()
    net.opt.num_threads = threads
    # Half precision would be fast on some processors, but would not give float32's answers.
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_packed = net.opt.use_bf16_storage = False
    if net.load_param_mem(layers) or net.load_model(_Reader(weights)):
        raise BundleInvalid("the weights cannot be run by ncnn")
    network = _Network(net, feature_scale, activation_scale)
    return SliceEngine(name, None, [network] * min(threads, MAX_SHARING))


@dataclass(frozen=True, slots=True)
class _Network:
    """A net, which any number of threads may use at once, and what its outputs are to be multiplied by."""

    net: ncnn.Net
    feature_scale: NDArray[np.float32] | None
    activation_scale: NDArray[np.float32] | None

    def run(self, pixels: NDArray[np.float32]) -> Outputs:
        """See `slices.Network`."""
        scaled = pixels[0].transpose(2, 0, 1) * np.float32(255) - np.array(IMAGENET_MEAN_BGR, np.float32)[:, None, None]
        extractor = self.net.create_extractor()
        # Held here: ncnn takes no copy.
        source = np.ascontiguousarray(scaled)
        extractor.input("pixels", ncnn.Mat(source))
        logits, features, activation = (_extract(extractor, name) for name in ("logits", "features", "activation"))
        activation = np.ascontiguousarray(activation.transpose(1, 2, 0))
        if self.feature_scale is not None:
            features *= self.feature_scale
        if self.activation_scale is not None:
            activation *= self.activation_scale
        return Outputs(logits[None], features[None], activation[None])


def _extract(extractor: ncnn.Extractor, name: str) -> NDArray[np.float32]:
    failed, blob = extractor.extract(name)
    if failed:
        raise MemoryError("ncnn lacks memory to run the network")
    return np.array(blob, np.float32)


class _Reader(ncnn.DataReader):
    """Hands weights to ncnn from memory; its own way would keep pointers into memory that Python frees."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._left = memoryview(content)

    def read(self, target: object, size: int) -> int:
        """Copy the next bytes to where a capsule points."""
        part = bytes(self._left[:size])
        ctypes.memmove(_get_pointer(target, None), part, len(part))
        self._left = self._left[size:]
        return len(part)


def _check_weights(bundle: Bundle) -> None:
    """Refuse weights that ncnn would read beyond: it checks no shapes."""
    manifest, weights = bundle.manifest, bundle.weights
    channels: int = manifest.input.channels
    shapes: dict[str, tuple[int, ...]] = {}
    for name in CONVOLUTION_NAMES:
        filters = weights[f"{name}/bias"].size if f"{name}/bias" in weights else 0
        shapes |= {f"{name}/kernel": (3, 3, channels, filters), f"{name}/bias": (filters,)}
        channels = filters
    cells = (manifest.input.size // 2 ** len(CONVOLUTIONS)) ** 2
    units = weights["dense/bias"].size if "dense/bias" in weights else 0
    shapes |= {"dense/kernel": (cells * channels, units), "dense/bias": (units,)}
    classes = len(manifest.class_names)
    shapes |= {"logits/kernel": (units, classes), "logits/bias": (classes,)}
    odd = sorted(set(shapes) ^ set(weights)) or [
        name for name, shape in shapes.items() if weights[name].shape != shape or not np.isfinite(weights[name]).all()
    ]
    if odd:
        raise BundleInvalid(f"the weights are not those of {manifest.architecture}: {odd[0]}")


def _write_network(
    bundle: Bundle, convolutions: Mapping[str, _Convolution], activation_scale: NDArray[np.float32] | None
) -> tuple[str, bytes]:
    """Layers as ncnn's text, with the shape of what each gives, so that one transformation of the weights is kept."""
    weights, side, seen = bundle.weights, bundle.manifest.input.size, "pixels"
    layers = [f"Input pixels 0 1 pixels {_shape(side, bundle.manifest.input.channels)}"]
    content: list[bytes] = []
    means = []
    for block, count in enumerate(CONVOLUTIONS, 1):
        for at in range(1, count + 1):
            name = f"block{block}_conv{at}"
            one = convolutions[name]
            filters = one.filters
            what = f"0={filters} 1=3 4=1 5=1 6={one.size} 8={one.gives} 9=1 {_shape(side, filters)}"
            if one.gives and block == len(CONVOLUTIONS):
                what += _NO_WINOGRAD
            layers.append(f"Convolution {name} 1 1 {seen} {name} {what}")
            content += one.content
            seen = name
        observed = f"lower{block}" if block <= FEATURE_BLOCKS else "activation" if seen == LAST_CONVOLUTION else None
        if observed:
            layers.append(f"Split split{block} 1 2 {seen} upper{block} {observed} {_shape(side, filters, 2)}")
            seen = f"upper{block}"
        if block <= FEATURE_BLOCKS:
            means.append(f"mean{block}")
            layers.append(f"Pooling mean{block} 1 1 {observed} mean{block} 0=1 4=1")
        side //= 2
        layers.append(f"Pooling pool{block} 1 1 {seen} pool{block} 0=0 1=2 2=2 {_shape(side, filters)}")
        seen = f"pool{block}"
    layers.append(f"Concat features {len(means)} 1 {' '.join(means)} features 0=0")
    dense, logits = weights["dense/kernel"], weights["logits/kernel"].T
    # Keras flattens rows, columns, channels; ncnn channels, rows, columns.
    dense = dense.reshape(side, side, -1, dense.shape[1]).transpose(3, 2, 0, 1)
    if activation_scale is not None:
        dense = dense * activation_scale[:, None, None]
    layers.append(f"InnerProduct dense 1 1 {seen} dense 0={len(dense)} 1=1 2={dense.size} 9=1")
    layers.append(f"InnerProduct logits 1 1 dense logits 0={len(logits)} 1=1 2={logits.size}")
    content += [*_pack(dense, weights["dense/bias"]), *_pack(logits, weights["logits/bias"])]
    blobs = sum(int(layer.split()[3]) for layer in layers)
    return "\n".join([_LAYERS_MAGIC, f"{len(layers)} {blobs}", *layers, ""]), b"".join(content)


def _shape(side: int, channels: int, blobs: int = 1) -> str:
    return ",".join([f"-23330={4 * blobs}", *[f"3,{side},{side},{channels}"] * blobs])


def _pack(kernel: NDArray[np.floating], bias: NDArray[np.floating]) -> list[bytes]:
    stored = np.ascontiguousarray(kernel, "<f2").tobytes()
    return [_HALF_PRECISION, stored, bytes(-len(stored) % 4), bias.astype("<f4").tobytes()]
