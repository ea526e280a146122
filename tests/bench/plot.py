"""The benchmark's figures in, a picture of them out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt


def draw_plot(report: Mapping[str, Any], path: Path) -> None:
    """Latency over one connection, with its tail, and throughput over sixteen."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
    alone, crowded = report["one_connection"], report["sixteen_connections"]
    names = list(alone)
    left.barh(names, [alone[name]["p50_ms"] for name in names], color="#0072b2")
    for row, name in enumerate(names):
        left.plot([alone[name]["p50_ms"], alone[name]["p99_ms"]], [row, row], color="black", linewidth=1)
    left.set_xlabel("ms, median and 99th percentile, one connection")
    right.barh(list(crowded), [row["per_second"] for row in crowded.values()], color="#009e73")
    right.set_xlabel("requests a second, sixteen connections")
    for axes in (left, right):
        axes.invert_yaxis()
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)
