"""``make soak``: load a service of its own with a mix of requests at twice its capacity; check that its bounds hold.

Pictures, DICOM, volumes, bad files and clients that disconnect; with ``--attacks 0.1`` a tenth of attacks. Writes
Markdown, JSON and a plot to ``build/soak/``; when interrupted, of the load so far. Exit status 1 if a
bound does not hold.
"""

import argparse
import asyncio
import json
import random
import sys
from pathlib import Path

import numpy as np
import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tests.bench.servers import OURS, Server, serve
from tests.bench.soak.client import Outcome
from tests.bench.soak.load import measure_capacity, send_at_rate
from tests.bench.soak.plot import draw_plot
from tests.bench.soak.report import format_report
from tests.bench.soak.studies import PICTURE, make_attacks, make_studies, mix, shuffle
from tests.bench.soak.verdict import Run, summarize
from tests.bench.soak.watch import wait_until_idle, watch
from tumorscope.api.settings import Settings

_OUTPUT = Path(__file__).parents[3] / "build" / "soak"
_TIMES_CAPACITY = 2.0
_WARM_UP_S = 5.0
_CAPACITY_S = 10.0
_PATIENCE_S = 60.0
_SHOWN = 500


def main() -> None:
    """Load, report, and judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of the load; 10 by default")
    parser.add_argument("--attacks", type=float, default=0.0, help="share of attacks in the load; 0 by default")
    options = parser.parse_args()
    seconds = 60 * options.minutes
    try:
        with serve(OURS, Settings().bundle) as server:
            run = uvloop.run(_load(server, seconds, options.attacks))
    except KeyboardInterrupt:
        # Before there was anything to report.
        sys.exit(130)
    figures = summarize(run)
    text = format_report(figures)
    _OUTPUT.mkdir(parents=True, exist_ok=True)
    (_OUTPUT / "soak.md").write_text(text, encoding="utf-8")
    (_OUTPUT / "soak.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")
    draw_plot(run, _OUTPUT / "soak.png")
    sys.stdout.write(text)
    sys.exit(any(check["holds"] is False for check in figures["checks"]))


async def _load(server: Server, seconds: float, attacks: float) -> Run:
    rng = random.Random(1)
    deck = shuffle(make_studies(), rng)
    if attacks:
        deck = mix(deck, shuffle(make_attacks(), rng), attacks, rng)
    clock = asyncio.get_running_loop().time
    console = Console(stderr=True)
    with console.status("measuring the capacity"):
        capacity = await measure_capacity(server.port, deck, _CAPACITY_S, _WARM_UP_S)
    run = Run(capacity, _TIMES_CAPACITY * capacity, clock())
    watching = asyncio.create_task(watch(server, run.samples.append))
    showing = asyncio.create_task(_show(run, seconds, console))
    try:
        await send_at_rate(server.port, deck, run.wanted, seconds, rng, run.outcomes.append)
        watching.cancel()
        run.at_end = await wait_until_idle(server, _PATIENCE_S)
    # The first interrupt of asyncio's runner cancels this; what has been measured is still reported.
    except asyncio.CancelledError:
        run.interrupted = True
    finally:
        watching.cancel()
        showing.cancel()
        await asyncio.gather(watching, showing, return_exceptions=True)
    return run


async def _show(run: Run, seconds: float, console: Console) -> None:
    columns = (BarColumn(), TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    clock = asyncio.get_running_loop().time
    with Progress(*columns, console=console, refresh_per_second=2) as progress:
        bar = progress.add_task("", total=seconds)
        while True:
            progress.update(bar, completed=min(seconds, clock() - run.began_s), description=_describe(run))
            await asyncio.sleep(1)


def _describe(run: Run) -> str:
    recent: list[Outcome] = run.outcomes[-_SHOWN:]
    pictures = [one.took_s for one in recent if one.group == PICTURE and one.fate == "answered"]
    p99 = f"p99 {1000 * np.percentile(pictures, 99):.0f} ms" if pictures else ""
    away = sum(one.fate == "overloaded" for one in recent)
    wrong = sum(one.fate in {"wrong", "broken"} for one in run.outcomes)
    memory = f"{run.samples[-1].resident_mib:.0f} MiB" if run.samples else ""
    share = f"{100 * away // max(1, len(recent))} % overloaded"
    return f"{run.wanted:.0f}/s of {run.capacity:.0f}/s, {share}, {wrong} wrong, {p99}, {memory}"


if __name__ == "__main__":
    main()
