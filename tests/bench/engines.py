"""What a slice costs in each engine, and what the processor's arithmetic allows at best.

Alone, in less than a minute: ``python -m tests.bench.engines``.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from tumorscope.inference.engines.choose import open_engine
from tumorscope.inference.engines.engine import Engine
from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.model.bundle import Bundle, read_bundle

_ROUNDS = {1: 60, 8: 10, 32: 4}
_SIDE = 2048
# An instruction of AVX-512 VNNI multiplies four times as many int8 as one of AVX-512F float32.
_INT8_TO_FLOAT32 = 4


def open_engines(bundle: Bundle) -> dict[str, Engine]:
    """All that this machine and this bundle have, by name."""
    engines: list[Engine] = [
        TensorFlowEngine(bundle, exact=True),
        TensorFlowEngine(bundle),
        open_engine(bundle, "ncnn").engine,
    ]
    if bundle.int8 is not None:
        engines += [open_engine(bundle, "litert").engine, open_engine(bundle, "ncnn-int8").engine]
    return {engine.name: engine for engine in engines}


def measure_engines(
    engines: dict[str, Engine], size: int, rounds_of: Mapping[int, int] = MappingProxyType(_ROUNDS)
) -> list[dict[str, Any]]:
    """Milliseconds a slice, at each batch size, the engines in turns; and of processor time."""
    rng = np.random.default_rng(0)
    timings: dict[str, dict[int, float]] = {name: {} for name in engines}
    cores: dict[str, list[float]] = {name: [] for name in engines}
    for batch, count in rounds_of.items():
        pixels = rng.random((batch, size, size, 3), np.float32)
        rounds: dict[str, list[float]] = {name: [] for name in engines}
        for _ in range(count + 2):
            for name, engine in engines.items():
                started = time.process_time()
                rounds[name].append(_time(partial(engine.run, pixels)) / batch)
                cores[name].append((time.process_time() - started) * 1000 / batch)
        for name, values in rounds.items():
            timings[name][batch] = float(np.median(values[2:]))
    slowest = timings[next(iter(engines))]
    return [
        {
            "engine": name,
            **{f"batch_{batch}_ms": round(value, 2) for batch, value in by_batch.items()},
            "cpu_ms": round(float(np.median(cores[name])), 2),
            "times_faster": round(slowest[1] / by_batch[1], 2),
        }
        for name, by_batch in timings.items()
    ]


def estimate_limit_ms(size: int) -> float:
    """Milliseconds of a slice in int8, were its multiplications all that there is to do.

    From what the float32 matrix product of NumPy reaches on as many cores as it takes.
    """
    square = np.ones((_SIDE, _SIDE), np.float32)
    fastest = min(_time(lambda: square @ square) for _ in range(8)) / 1000
    return 1000 * count_multiplications(size) / (_INT8_TO_FLOAT32 * _SIDE**3 / fastest)


def count_multiplications(size: int) -> int:
    """Of VGG16's convolutions (Simonyan & Zisserman, arXiv 1409.1556) on a slice of this side."""
    total, channels, side = 0, 3, size
    for convolutions, filters in zip((2, 2, 3, 3, 3), (64, 128, 256, 512, 512), strict=True):
        for _ in range(convolutions):
            total += side * side * 9 * channels * filters
            channels = filters
        side //= 2
    return total


def _time(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    shipped = read_bundle(Path("backend/src/tumorscope/default_model"))
    for row in measure_engines(open_engines(shipped), shipped.manifest.input.size, {1: 20, 8: 2}):
        print(row)  # noqa: T201  (it is the output)
