"""``make bench``: this service, the raw engine and the usual Flask demo, side by side in one run.

Requests alternate between the servers, so that whatever else the machine does hits both alike. Prints a Markdown table
and writes it with the figures to ``build/bench/``.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from rich.console import Console
from rich.progress import track

from tests.bench.formats import measure_instances, measure_studies
from tests.factories import make_phantom_file, make_slice
from tumorscope.api.settings import Settings
from tumorscope.imaging.decode import decode_picture
from tumorscope.inference.calibration import calibrate
from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.model.bundle import Bundle, read_bundle
from tumorscope.model.network import load_network
from tumorscope.preprocessing.pipeline import to_model_input

_ROOT = Path(__file__).parents[2]
_OUTPUT = _ROOT / "build" / "bench"
_WARM_UP = 15
_ROUNDS = 150
_START_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class _Server:
    """A running server, and a client for it."""

    client: httpx.Client
    process: psutil.Process


def main() -> None:
    """Measure and report."""
    folder = Settings().bundle
    bundle = read_bundle(folder)
    jpeg = make_phantom_file("JPEG", size=512)
    with ExitStack() as stack:
        ours = stack.enter_context(_serve("tumorscope", [sys.executable, "-m", "tumorscope", "serve"], folder))
        demo = stack.enter_context(
            _serve("flask", [sys.executable, "-m", "tests.bench.flask_server", str(folder)], folder)
        )
        engine = TensorFlowEngine(bundle)
        pixels = to_model_input(decode_picture(jpeg, 10**8), bundle.manifest.preprocessing_parameters).pixels[None]
        calls: dict[str, Callable[[], object]] = {
            "Flask, model.predict": lambda: demo.client.post(
                "/predict", files={"file": ("a.jpg", jpeg)}
            ).raise_for_status(),
            "Tumorscope, POST /predict": lambda: ours.client.post(
                "/predict", files={"file": ("a.jpg", jpeg)}
            ).raise_for_status(),
            f"raw engine ({engine.name})": lambda: engine.run(pixels),
        }
        timings = _time_alternately(calls)
        studies = measure_studies(ours.client, ours.process, engine, bundle.manifest.input.size)
    report = {
        "rows": _describe(timings),
        "instances": measure_instances(bundle),
        "studies": studies,
        "agreement": _compare_precisions(bundle, engine),
        "machine": _describe_machine(),
    }
    _write(report)


def _time_alternately(calls: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Milliseconds of each call, one after another in every round."""
    timings: dict[str, list[float]] = {name: [] for name in calls}
    for turn in track(range(_WARM_UP + _ROUNDS), "measuring", console=Console(stderr=True)):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            if turn >= _WARM_UP:
                timings[name].append((time.perf_counter() - started) * 1000)
    return timings


def _describe(timings: dict[str, list[float]]) -> list[dict[str, Any]]:
    slowest = statistics.median(next(iter(timings.values())))
    rows = []
    for name, values in timings.items():
        p50, p95, p99 = np.percentile(values, [50, 95, 99])
        figures = {"p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "times_faster_than_flask": slowest / p50}
        rows.append({"what": name, **{key: round(float(value), 2) for key, value in figures.items()}})
    return rows


def _compare_precisions(bundle: Bundle, engine: TensorFlowEngine) -> dict[str, Any]:
    """How far the engine's answers are from the float32 network's, over phantoms."""
    parameters = bundle.manifest.preprocessing_parameters
    batch = np.stack([to_model_input(make_slice(seed, lesion=bool(seed % 2)), parameters).pixels for seed in range(40)])
    reference = calibrate(np.asarray(load_network(bundle)(batch, training=False)), bundle.manifest.temperature)
    served = calibrate(engine.run(batch).logits, bundle.manifest.temperature)
    return {
        "pictures": len(batch),
        "engine": engine.name,
        "largest_probability_difference": round(float(np.abs(reference - served).max()), 4),
        "different_classes": int((reference.argmax(axis=1) != served.argmax(axis=1)).sum()),
    }


def _describe_machine() -> dict[str, Any]:
    return {"logical_cores": psutil.cpu_count(), "memory_gib": round(psutil.virtual_memory().total / 2**30, 1)}


def _write(report: dict[str, Any]) -> None:
    columns = ("p50_ms", "p95_ms", "p99_ms", "times_faster_than_flask")
    agreement, cores = report["agreement"], report["machine"]["logical_cores"]
    lines = [
        f"| | {' | '.join(column.replace('_', ' ') for column in columns)} |",
        "|---|" + "---|" * len(columns),
        *(f"| {row['what']} | {' | '.join(str(row[column]) for column in columns)} |" for row in report["rows"]),
        "",
        f"One 512x512 JPEG a request, one connection, warm, {_ROUNDS} rounds, {cores} cores.",
        f"{agreement['engine']} against the float32 network on {agreement['pictures']} phantoms:",
        f"largest difference of a probability {agreement['largest_probability_difference']},",
        f"{agreement['different_classes']} other classes.",
        "",
        "| decode and preprocess | p50 ms | bound ms |",
        "|---|---|---|",
        *(f"| {row['what']} | {row['p50_ms']} | {row['bound_ms']} |" for row in report["instances"]),
        "",
        "| study, POST /predict | slices judged | s | engine alone s | times the engine | MiB above idle |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row['what']} | {row['slices_judged']} | {row['request_s']} | {row['engine_alone_s']} "
            f"| {row['times_engine']} | {row['memory_above_idle_mib']} |"
            for row in report["studies"]
        ),
    ]
    text = "\n".join(lines) + "\n"
    _OUTPUT.mkdir(parents=True, exist_ok=True)
    (_OUTPUT / "bench.md").write_text(text, encoding="utf-8")
    (_OUTPUT / "bench.json").write_text(json.dumps(report, indent=2), encoding="utf-8")
    sys.stdout.write(text)


@contextmanager
def _serve(name: str, command: list[str], folder: Path) -> Iterator[_Server]:
    """A server in a process of its own on a free port, and a client for it; ended in any case."""
    port = _free_port()
    environment = {
        **os.environ,
        "TUMORSCOPE_PORT": str(port),
        "TUMORSCOPE_BUNDLE": str(folder),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    arguments = command if name == "tumorscope" else [*command, str(port)]
    server = subprocess.Popen(
        arguments, env=environment, cwd=_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            _wait_until_ready(client, server, name)
            yield _Server(client, psutil.Process(server.pid))
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_until_ready(client: httpx.Client, server: subprocess.Popen[bytes], name: str) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SystemExit(f"{name} ended at its start with status {server.returncode}")
        try:
            if client.get("/health/ready").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"{name} was not ready within {_START_TIMEOUT_S} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
