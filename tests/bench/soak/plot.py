"""A run in, a picture of it over time out: what became of requests, how long pictures took, memory."""

from collections import Counter
from pathlib import Path

import matplotlib as mpl
import numpy as np

from tests.bench.soak.client import Fate
from tests.bench.soak.studies import PICTURE
from tests.bench.soak.verdict import P99_S, Run

mpl.use("Agg")
import matplotlib.pyplot as plt

_COLOURS: dict[Fate, str] = {
    "answered": "#0072b2",
    "refused": "#56b4e9",
    "disconnected": "#999999",
    "overloaded": "#e69f00",
    "wrong": "#d55e00",
    "broken": "#000000",
}


def draw_plot(run: Run, path: Path) -> None:
    """Three panels over one axis of time."""
    figure, (fates, latency, memory) = plt.subplots(3, 1, figsize=(11, 8), sharex=True, layout="constrained")
    seconds = max(1, int(max((one.due_s for one in run.outcomes), default=run.began_s) - run.began_s) + 1)
    width = max(1, seconds // 120)
    starts = np.arange(0, seconds, width)
    binned = [int((one.due_s - run.began_s) // width) for one in run.outcomes]
    counts = Counter(zip(binned, (one.fate for one in run.outcomes), strict=True))
    rates = {fate: [counts[bin_, fate] / width for bin_ in range(len(starts))] for fate in _COLOURS}
    fates.stackplot(starts, list(rates.values()), labels=list(rates), colors=list(_COLOURS.values()), step="post")
    fates.axhline(run.capacity, color="black", linewidth=1, linestyle=":", label="capacity")
    fates.set_ylabel("requests a second")
    fates.legend(ncols=7, fontsize="small", loc="upper center", bbox_to_anchor=(0.5, 1.2))
    pictures = [one for one in run.outcomes if one.group == PICTURE and one.fate == "answered"]
    latency.plot(
        [one.due_s - run.began_s for one in pictures],
        [one.took_s * 1000 for one in pictures],
        ".",
        markersize=2,
        color="#0072b2",
    )
    latency.axhline(1000 * P99_S, color="#d55e00", linewidth=1)
    latency.set_yscale("log")
    latency.set_ylabel("ms, accepted single pictures")
    at_s = [sample.at_s - run.began_s for sample in run.samples]
    memory.plot(at_s, [sample.resident_mib for sample in run.samples], color="#009e73", label="resident")
    memory.plot(at_s, [sample.upload_mib for sample in run.samples], color="#cc79a7", label="uploads")
    memory.set_ylim(bottom=0)
    memory.set_ylabel("MiB")
    memory.set_xlabel("seconds")
    depth = memory.twinx()
    depth.plot(at_s, [sample.queue_depth for sample in run.samples], color="#999999", linewidth=0.7, label="queue")
    depth.set_ylim(bottom=0)
    depth.set_ylabel("requests that wait or are answered")
    memory.legend(loc="upper left", fontsize="small")
    depth.legend(loc="upper right", fontsize="small")
    figure.savefig(path, dpi=110)
    plt.close(figure)
