"""``make bench``: this service, its engines and the usual demos, side by side in one run.

Requests alternate between the servers, so that whatever else the machine does hits all alike; under load each is alone.
Prints Markdown tables and writes them, the figures as JSON and a plot to ``build/bench/``.
"""

import json
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from tests.bench.engines import estimate_limit_ms, measure_engines, open_engines
from tests.bench.formats import make_instance, make_volume, measure_instances, measure_studies
from tests.bench.load import Request, describe_latency, load, measure_throughput, time_in_turns
from tests.bench.plot import draw_plot
from tests.bench.servers import COMMANDS, EARLIER, FLASK, OURS, Server, ask, make_form, serve
from tests.bench.tables import format_report
from tests.factories import make_phantom_file
from tumorscope.api.settings import Settings
from tumorscope.inference.engines.choose import open_engine
from tumorscope.inference.engines.engine import Engine
from tumorscope.model.bundle import Bundle, read_bundle

# A volume takes more than a second, and sixteen wait for one another.
_VOLUMES_S = 60.0
_STAGE_ROUNDS = 60

_OUTPUT = Path(__file__).parents[2] / "build" / "bench"


def main() -> None:
    """Measure and report."""
    folder = Settings().bundle
    bundle = read_bundle(folder)
    picture = Request("/predict", *make_form(make_phantom_file("JPEG", size=512)))
    instance = Request("/predict", make_instance(), "application/dicom")
    volume = Request("/predict", make_volume(), "application/gzip")
    with ExitStack() as stack:
        servers = {name: stack.enter_context(serve(name, folder)) for name in COMMANDS}
        idle = {name: server.resident_mib() for name, server in servers.items()}
        served = open_engine(bundle).engine
        alone = _measure_turns(servers, picture, instance, served, bundle)
        stages = _measure_stages(servers[OURS], picture)
        under_load = {name: load(server, picture) for name, server in servers.items()}
        under_load[f"{OURS}, DICOM"] = load(servers[OURS], instance)
        studies_under_load = load(servers[OURS], volume, _VOLUMES_S)
        throughput = _measure_best_throughput(served, bundle.manifest.input.size)
        studies = measure_studies(servers[OURS], served, bundle.manifest.input.size)
        studies_of_earlier = measure_studies(servers[EARLIER], served, bundle.manifest.input.size)
        ready = {name: server.seconds_to_ready for name, server in servers.items()}
    report = {
        "engines": measure_engines(open_engines(bundle), bundle.manifest.input.size),
        "limit_ms": round(estimate_limit_ms(bundle.manifest.input.size), 2),
        "served_engine": served.name,
        "one_connection": alone,
        "sixteen_connections": under_load,
        "raw_engine": throughput,
        "stages": stages,
        "volumes_on_sixteen_connections": studies_under_load,
        "seconds_to_ready": {name: round(seconds, 2) for name, seconds in ready.items()},
        "idle_mib": {name: round(mib) for name, mib in idle.items()},
        "instances": measure_instances(bundle),
        "studies": studies,
        "studies_of_earlier": studies_of_earlier,
        "machine": {
            "logical_cores": psutil.cpu_count(),
            "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        },
    }
    _add_ratios(report)
    text = format_report(report)
    _OUTPUT.mkdir(parents=True, exist_ok=True)
    (_OUTPUT / "bench.md").write_text(text, encoding="utf-8")
    (_OUTPUT / "bench.json").write_text(json.dumps(report, indent=2), encoding="utf-8")
    draw_plot(report, _OUTPUT / "bench.png")
    sys.stdout.write(text)


def _measure_turns(
    servers: dict[str, Server], picture: Request, instance: Request, engine: Engine, bundle: Bundle
) -> dict[str, dict[str, float]]:
    size = bundle.manifest.input.size
    pixels = np.random.default_rng(0).random((1, size, size, 3), np.float32)
    calls = {name: _prepare(server, picture) for name, server in servers.items()}
    calls[f"{OURS}, DICOM"] = _prepare(servers[OURS], instance)
    calls["raw engine"] = partial(engine.run, pixels)
    return {name: describe_latency(values) for name, values in time_in_turns(calls).items()}


def _measure_stages(server: Server, request: Request) -> dict[str, float]:
    """Mean milliseconds of each stage of a request that is alone, and what is left of the whole: HTTP, both ways."""
    connection = server.connect()
    answers, whole = [], []
    for _ in range(_STAGE_ROUNDS):
        started = time.perf_counter()
        answers.append(json.loads(ask(connection, request.path, request.body, request.content_type))["timing_ms"])
        whole.append((time.perf_counter() - started) * 1000)
    stages = {
        name: float(np.mean([answer[name] for answer in answers])) for name in ("decode", "preprocess", "inference")
    }
    stages["decisions"] = float(np.mean([answer["total"] for answer in answers])) - sum(stages.values())
    stages["http"] = float(np.mean(whole)) - sum(stages.values())
    return {f"{name}_ms": round(value, 2) for name, value in stages.items()}


def _measure_best_throughput(engine: Engine, size: int) -> dict[str, float]:
    """Slices a second that the engine alone reaches, called by one thread or by as many as there are cores."""
    call = partial(engine.run, np.random.default_rng(0).random((1, size, size, 3), np.float32))
    found = [measure_throughput(call, callers) for callers in (1, psutil.cpu_count() or 1)]
    return max(found, key=lambda one: one["per_second"])


def _prepare(server: Server, request: Request) -> partial[Any]:
    return partial(ask, server.connect(), request.path, request.body, request.content_type)


def _add_ratios(report: dict[str, Any]) -> None:
    alone, crowded = report["one_connection"], report["sixteen_connections"]
    flask, raw, earlier = alone[FLASK]["p50_ms"], alone["raw engine"]["p50_ms"], alone[EARLIER]["p50_ms"]
    for row in alone.values():
        row["times_faster_than_flask"] = round(flask / row["p50_ms"], 2)
        row["times_faster_than_the_earlier_commit"] = round(earlier / row["p50_ms"], 2)
        row["times_the_raw_engine"] = round(row["p50_ms"] / raw, 2)
    for row in crowded.values():
        row["times_flask"] = round(row["per_second"] / crowded[FLASK]["per_second"], 2)
        row["share_of_raw_engine"] = round(row["per_second"] / report["raw_engine"]["per_second"], 2)


if __name__ == "__main__":
    main()
