"""The benchmark's figures in, Markdown out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def format_report(report: Mapping[str, Any]) -> str:
    """Every table, and what stands under it."""
    cores, limit = report["machine"]["logical_cores"], report["limit_ms"]
    alone, crowded = report["one_connection"], report["sixteen_connections"]
    raw = report["raw_engine"]
    ready, idle = report["seconds_to_ready"], report["idle_mib"]
    parts = [
        _format_table("one 512×512 picture a request, one connection", alone),
        f"The raw engine is {report['served_engine']}; {cores} cores, whose int8 arithmetic takes {limit} ms.\n",
        _format_table("sixteen connections", crowded),
        f"The raw engine, at best: {raw['per_second']} slices a second, for {raw['cpu_ms']} ms of the cores each.\n",
        _format_table("where the time of a request goes, alone", {"Tumorscope": report["stages"]}),
        _format_table(
            "240×240×155 volumes, sixteen connections", {"Tumorscope": report["volumes_on_sixteen_connections"]}
        ),
        _format_table(
            "start and memory",
            {
                name: {"s_to_ready": seconds, "idle_mib": idle[name], "loaded_mib": crowded[name]["memory_mib"]}
                for name, seconds in ready.items()
            },
        ),
        _format_table("engine", {row["engine"]: _without(row, "engine") for row in report["engines"]}),
        _format_table("decode and preprocess", {row["what"]: _without(row, "what") for row in report["instances"]}),
        _format_table("study, POST /predict", {row["what"]: _without(row, "what") for row in report["studies"]}),
        _format_table(
            "study, the earlier commit", {row["what"]: _without(row, "what") for row in report["studies_of_earlier"]}
        ),
    ]
    return "\n".join(parts)


def _format_table(title: str, rows: Mapping[str, Mapping[str, Any]]) -> str:
    columns = list(next(iter(rows.values())))
    lines = [
        _format_line([title, *(column.replace("_", " ") for column in columns)]),
        "|" + "---|" * (len(columns) + 1),
        *(_format_line([name, *(row[column] for column in columns)]) for name, row in rows.items()),
    ]
    return "\n".join(lines) + "\n"


def _format_line(cells: Sequence[object] | Iterable[object]) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _without(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}
