"""The figures of a run in, Markdown out."""

from collections.abc import Mapping
from typing import Any

_MARKS = {True: "yes", False: "**no**", None: "–"}


def format_report(figures: Mapping[str, Any]) -> str:
    """The bounds, then what was sent, then memory."""
    sent, capacity = figures["sent_per_second"], figures["capacity_per_second"]
    ending = "; interrupted" if figures["interrupted"] else ""
    slowest = figures["slowest_metrics_ms"]
    lines = [
        f"Mixed load of {figures['seconds']:g} s{ending}: {sent:g} requests a second; capacity {capacity:g}.\n",
        "| bound | | measured | holds |",
        "|---|---|---|---|",
        *(f"| {one['what']} | {one['bound']} | {one['value']} | {_MARKS[one['holds']]} |" for one in figures["checks"]),
        "",
        "| study | sent | answered | overloaded | disconnected | wrong | p50 ms | p95 ms | p99 ms |",
        "|---|---|---|---|---|---|---|---|---|",
        *(f"| {name} | {' | '.join(map(_format, row.values()))} |" for name, row in figures["studies"].items()),
        "",
        "| memory, MiB | "
        + " | ".join(name.replace("_", " ") for name in figures["memory_mib"])
        + " | peak of uploads |",
        "|---|" + "---|" * (len(figures["memory_mib"]) + 1),
        f"| | {' | '.join(map(_format, figures['memory_mib'].values()))} | {figures['peak_upload_mib']:g} |",
        "",
        f"Longest queue: {figures['deepest_queue']:g}. Slowest answer of /metrics: {slowest:g} ms.",
    ]
    return "\n".join(lines) + "\n"


def _format(cell: object) -> str:
    return "–" if cell is None else str(cell)
