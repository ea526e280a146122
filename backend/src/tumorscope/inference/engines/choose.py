"""A Bundle and this machine's hardware in, the fastest engine and the reason out."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.errors import EngineMissing, ModelError
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.batching import GPU_BATCHES, BatchingEngine
from tumorscope.inference.engines.engine import Engine, Outputs
from tumorscope.inference.engines.fastest import Timings, open_fastest
from tumorscope.inference.heatmap import HEAD_WEIGHTS
from tumorscope.model.bundle import Bundle
from tumorscope.model.manifest import OperatingPoint
from tumorscope.model.processor import count_cores

EngineChoice = Literal["auto", "litert", "ncnn", "ncnn-int8", "tensorflow"]
"""``auto``: TensorFlow on a GPU, else the fastest on the CPU: float32 by ncnn, or the bundle's int8 form by either."""

# Created by NVIDIA's driver; asking TensorFlow would require importing it.
_GPU_CONTROL = Path("/dev/nvidiactl")


@dataclass(frozen=True, slots=True)
class OpenedEngine:
    """An engine, the reason for it, and the bundle without unused weights."""

    engine: Engine
    reason: str
    bundle: Bundle
    timings: Timings = field(default_factory=dict)

    def explain(self) -> str:
        """The reason for the engine that runs now; it changes when a GPU fails."""
        failure = self.engine.failure if isinstance(self.engine, GuardedEngine) else None
        return self.reason if failure is None else f"{self.reason} and failed ({failure})"


class GuardedEngine:
    """A GPU engine that a CPU engine replaces for good when it fails."""

    def __init__(self, first: Engine, open_second: Callable[[], Engine]) -> None:
        self._engine = first
        self.name, self.device = first.name, first.device
        self._open_second: Callable[[], Engine] | None = open_second
        self._lock = Lock()
        self.failure: str | None = None
        """The class of the error of the first engine; None while it runs."""

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """See `Engine.run`."""
        engine = self._engine
        try:
            return engine.run(batch)
        except Exception as error:
            if not self._replace(engine, error):
                raise
        return self._engine.run(batch)

    def _replace(self, failed: Engine, error: Exception) -> bool:
        """Whether another engine has replaced the failed one."""
        with self._lock:
            if self._engine is failed and self._open_second is not None:
                _warn("gpu_failed", error)
                self._engine, self._open_second = self._open_second(), None
                self.name, self.device = self._engine.name, self._engine.device
                self.failure = type(error).__name__
            return self._engine is not failed


def open_classifier(
    bundle: Bundle, choice: EngineChoice, threads: int | None, operating_point: OperatingPoint
) -> Classifier:
    """Open an engine as a classifier; see `open_engine`."""
    opened = open_engine(bundle, choice, threads)
    return Classifier(opened.bundle, opened.engine, operating_point, opened.explain, opened.timings)


def open_engine(bundle: Bundle, choice: EngineChoice = "auto", threads: int | None = None) -> OpenedEngine:
    """Open an engine.

    Parameters
    ----------
    bundle : Bundle
        From `read_bundle`.
    choice : {'auto', 'litert', 'ncnn', 'ncnn-int8', 'tensorflow'}
        By the operator.
    threads : int, optional
        Cores for one slice, on the CPU; by default all that this process may use.

    Returns
    -------
    OpenedEngine
        Ready to run. A GPU engine that fails later is replaced by a CPU engine.

    Raises
    ------
    BundleInvalid
        The bundle lacks the network that the engine needs.
    EngineMissing
        The engine that was chosen, or that alone can run the bundle, is not installed.
    GoldenMismatch
        Of several engines none reproduces the golden answers.
    """
    threads = threads or count_cores()
    if choice == "tensorflow":
        return OpenedEngine(_batch_on_gpu(_open_tensorflow(bundle)), "chosen by the operator", bundle)
    if choice != "auto":
        open_chosen = {"litert": _open_litert, "ncnn": _open_ncnn, "ncnn-int8": _open_ncnn_int8}[choice]
        return OpenedEngine(open_chosen(bundle, threads), "chosen by the operator", _keep_head(bundle))
    if not _GPU_CONTROL.exists():
        return _open_cpu(bundle, threads, "no GPU was found")
    return _open_gpu(bundle, threads)


def _open_gpu(bundle: Bundle, threads: int) -> OpenedEngine:
    """The engine on the GPU, or on the CPU with the reason."""
    try:
        engine = _open_tensorflow(bundle)
    except EngineMissing as error:
        _warn("gpu_needs_tensorflow", error)
        return _open_cpu(bundle, threads, "a GPU is there and TensorFlow is not installed")
    except ModelError:
        raise
    # Drivers and libraries that do not fit raise exceptions of many types.
    except Exception as error:  # noqa: BLE001
        _warn("gpu_failed_at_start", error)
        return _open_cpu(bundle, threads, f"a GPU is there and failed at the start ({type(error).__name__})")
    if engine.device != "gpu":
        _warn("gpu_not_found_by_tensorflow", None)
        return _open_cpu(bundle, threads, "a GPU is there and TensorFlow does not find it")
    guarded = GuardedEngine(_batch_on_gpu(engine), lambda: _open_cpu(bundle, threads, "").engine)
    return OpenedEngine(guarded, "a GPU was found", bundle)


def _open_cpu(bundle: Bundle, threads: int, why_no_gpu: str) -> OpenedEngine:
    openers: dict[str, Callable[[], Engine]] = {}
    # float32 first, for it is the reference. Not every platform that LiteRT runs on has ncnn.
    has_ncnn = find_spec("ncnn") is not None
    if has_ncnn:
        openers["ncnn-float32"] = partial(_open_ncnn, bundle, threads)
    if bundle.int8 is not None:
        openers["litert-int8"] = partial(_open_litert, bundle, threads)
    if has_ncnn and bundle.int8 is not None:
        openers["ncnn-int8"] = partial(_open_ncnn_int8, bundle, threads)
    if not openers:
        reason = f"{why_no_gpu}; the bundle has no int8 form, and ncnn is not installed"
        return OpenedEngine(_open_tensorflow(bundle, cpu_only=True), reason, bundle)
    engine, timings = open_fastest(bundle, openers, threads)
    reason = f"{why_no_gpu}; the bundle has no int8 form" if bundle.int8 is None else why_no_gpu
    if timings:
        measured = ", ".join(f"{name} {milliseconds} ms" for name, milliseconds in timings.items())
        reason = f"{why_no_gpu}; a slice takes {measured}"
    return OpenedEngine(engine, reason, _keep_head(bundle), timings)


def _open_litert(bundle: Bundle, threads: int) -> Engine:
    # Each runtime is imported where it is used: TensorFlow takes seconds and 400 MiB.
    from tumorscope.inference.engines.litert import open_litert  # noqa: PLC0415

    return open_litert(bundle, threads)


def _open_ncnn(bundle: Bundle, threads: int) -> Engine:
    with _needs_ncnn():
        from tumorscope.inference.engines.ncnn import open_ncnn  # noqa: PLC0415
    return open_ncnn(bundle, threads)


def _open_ncnn_int8(bundle: Bundle, threads: int) -> Engine:
    with _needs_ncnn():
        from tumorscope.inference.engines.ncnn import open_ncnn_int8  # noqa: PLC0415
    return open_ncnn_int8(bundle, threads)


@contextmanager
def _needs_ncnn() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise EngineMissing("ncnn is not installed: pip install ncnn") from error


def _keep_head(bundle: Bundle) -> Bundle:
    """The engine holds its own weights; heat maps need a few of the bundle's."""
    head = {name: array for name, array in bundle.weights.items() if name in HEAD_WEIGHTS}
    return replace(bundle, weights=head, int8=None)


def _open_tensorflow(bundle: Bundle, *, cpu_only: bool = False) -> Engine:
    try:
        from tumorscope.inference.engines.tensorflow import TensorFlowEngine  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise EngineMissing("TensorFlow is not installed: pip install 'tumorscope[tensorflow]'") from error
    return TensorFlowEngine(bundle, cpu_only=cpu_only)


def _batch_on_gpu(engine: Engine) -> Engine:
    """Batch on a GPU, where several slices take hardly longer than one; on a CPU batches are no faster."""
    return BatchingEngine(engine, GPU_BATCHES[-1]) if engine.device == "gpu" else engine


def _warn(event: str, error: Exception | None) -> None:
    fields = {} if error is None else {"error": type(error).__name__}
    logging.getLogger("tumorscope").warning(event, extra={"fields": fields})
