"""Engines of one bundle in, the fastest that reproduces the golden answers out, with what each takes for a slice."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter

import numpy as np

from tumorscope.domain.errors import GoldenMismatch
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.engine import Engine
from tumorscope.inference.golden import check_golden_answers
from tumorscope.model.bundle import Bundle
from tumorscope.model.processor import describe_processor
from tumorscope.version import VERSION

Timings = Mapping[str, float]
"""Milliseconds that a slice takes at best, by the engine's name; the first engine is the fastest."""

_MEASURED_S = 0.5
_MAX_ROUNDS = 20
# An engine must be faster than those before it by this much: two starts are to choose alike.
_GAIN = 0.9
# Whose versions decide how fast an engine is.
_PACKAGES = ("ai-edge-litert", "ncnn")


def open_fastest(
    bundle: Bundle, openers: Mapping[str, Callable[[], Engine]], threads: int, clock: Callable[[], float] = perf_counter
) -> tuple[Engine, Timings]:
    """Open the engine that is fastest here.

    What was measured is kept in a private file, where one can be written, for the next start.

    Parameters
    ----------
    bundle : Bundle
        From `read_bundle`.
    openers : mapping of str to callable
        Open an engine, by its name; the engine to prefer where two are equally fast comes first.
    threads : int
        Cores that the engines run on.
    clock : callable
        Gives seconds.

    Returns
    -------
    Engine
        It has reproduced the golden answers, now or at an earlier start.
    Timings
        Empty of a single engine, which nothing is measured of.

    Raises
    ------
    BundleInvalid
        The bundle lacks what an engine needs.
    GoldenMismatch
        No engine reproduces the golden answers.
    """
    if len(openers) == 1:
        return next(iter(openers.values()))(), {}
    kept = _find_file(bundle, list(openers), threads)
    timings = _read(kept, set(openers))
    if timings is not None:
        return openers[next(iter(timings))](), timings
    engines = _keep_right(bundle, {name: open_engine() for name, open_engine in openers.items()})
    measured = _measure(engines, bundle.manifest.input.size, clock)
    fastest = _choose(measured)
    timings = {fastest: measured[fastest], **measured}
    _write(kept, timings)
    return engines[fastest], timings


def _keep_right(bundle: Bundle, engines: Mapping[str, Engine]) -> dict[str, Engine]:
    right: dict[str, Engine] = {}
    for name, engine in engines.items():
        try:
            check_golden_answers(Classifier(bundle, engine))
        except GoldenMismatch as error:
            wrong = error
        else:
            right[name] = engine
    if not right:
        raise wrong
    return right


def _measure(engines: Mapping[str, Engine], size: int, clock: Callable[[], float]) -> dict[str, float]:
    """Time the engines in turns. The quickest slice of each counts: other work on the machine can only add to it."""
    pixels = np.zeros((1, size, size, 3), np.float32)
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    until = clock() + _MEASURED_S * len(engines)
    for _ in range(_MAX_ROUNDS):
        for name, engine in engines.items():
            started = clock()
            engine.run(pixels)
            seconds[name].append(clock() - started)
        if clock() >= until:
            break
    return {name: round(1000 * min(values), 2) for name, values in seconds.items()}


def _choose(measured: Timings) -> str:
    chosen, *others = measured
    for name in others:
        if measured[name] < _GAIN * measured[chosen]:
            chosen = name
    return chosen


def _find_file(bundle: Bundle, names: list[str], threads: int) -> Path | None:
    """Where the timings of this bundle, by these engines, on this processor are kept; None without a home."""
    what = [VERSION, bundle.sha256, names, threads, describe_processor(), [_find_version(name) for name in _PACKAGES]]
    key = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    return cache / "tumorscope" / f"engines-{key}.json"


def _find_version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _read(file: Path | None, names: set[str]) -> dict[str, float] | None:
    """What an earlier start measured; None of a file that is absent, or damaged."""
    if file is None:
        return None
    try:
        timings = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(timings, dict) or not timings or not set(timings) <= names:
        return None
    return timings if all(isinstance(value, float) for value in timings.values()) else None


def _write(file: Path | None, timings: Timings) -> None:
    if file is None:
        return
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = file.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as written:
            json.dump(timings, written)
        new.replace(file)
    except OSError:
        # Read-only, as in the container: the next start measures again.
        return
