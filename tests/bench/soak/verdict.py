"""Outcomes and samples in; figures, and whether each bound holds, out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import theilslopes

from tests.bench.soak.client import Outcome
from tests.bench.soak.studies import PICTURE
from tests.bench.soak.watch import Sample
from tumorscope.api.settings import Settings

# A picture waits no longer than its limit; its own work takes a second at most, whatever others do.
P99_S = Settings().max_wait_s + 1
_GROWTH = 0.05
_WARM_UP = 0.2
_LATE_S = 0.1
_NAMED = 10


@dataclass(slots=True)
class Run:
    """What was measured, as it comes.

    Parameters
    ----------
    capacity : float
        Answered requests a second.
    wanted : float
        Requests a second that are sent.
    began_s : float
        On the event loop's clock.
    """

    capacity: float
    wanted: float
    began_s: float
    outcomes: list[Outcome] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    at_end: Sample | None = None
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """A bound and whether it holds; None where it was not measured."""

    what: str
    bound: str
    value: str
    holds: bool | None


def summarize(run: Run) -> dict[str, Any]:
    """Every figure, for JSON."""
    seconds = max((outcome.due_s for outcome in run.outcomes), default=run.began_s) - run.began_s
    return {
        "capacity_per_second": round(run.capacity, 1),
        "sent_per_second": round(len(run.outcomes) / max(seconds, 1e-9), 1),
        "seconds": round(seconds, 1),
        "interrupted": run.interrupted,
        "requests": len(run.outcomes),
        "fates": dict(Counter(outcome.fate for outcome in run.outcomes)),
        "statuses": {
            str(status): count for status, count in sorted(Counter(one.status for one in run.outcomes).items())
        },
        "studies": _summarize_studies(run.outcomes),
        "memory_mib": _summarize_memory(run),
        "slowest_metrics_ms": round(1000 * max((sample.metrics_s for sample in run.samples), default=0.0)),
        "deepest_queue": max((sample.queue_depth for sample in run.samples), default=0.0),
        "peak_upload_mib": round(max((sample.upload_mib for sample in run.samples), default=0.0), 1),
        "wrong": [
            {"study": one.study, "fate": one.fate, "status": one.status, "detail": one.detail}
            for one in run.outcomes
            if one.fate in {"wrong", "broken"}
        ][:_NAMED],
        "checks": [
            {"what": check.what, "bound": check.bound, "value": check.value, "holds": check.holds}
            for check in judge(run)
        ],
    }


def judge(run: Run) -> list[Check]:
    """The bounds that a service at twice its capacity has to hold."""
    fates = Counter(outcome.fate for outcome in run.outcomes)
    errors = sum(outcome.fate == "wrong" and outcome.status >= 500 for outcome in run.outcomes)
    pictures = _latencies(run.outcomes, PICTURE)
    p99 = float(np.percentile(pictures, 99)) if pictures else None
    growth = _find_growth(run)
    late = float(np.percentile([outcome.late_s for outcome in run.outcomes], 99)) if run.outcomes else 0.0
    end = run.at_end
    left = "not measured" if end is None else f"{end.queue_depth:.0f} waiting, {end.upload_mib:.1f} MiB of uploads"
    return [
        Check("server errors other than `overloaded`", "0", str(errors), errors == 0),
        Check("wrong answers", "0", str(fates["wrong"]), fates["wrong"] == 0),
        Check("requests without a complete answer", "0", str(fates["broken"]), fates["broken"] == 0),
        Check(
            "p99 latency of accepted single pictures",
            f"< {P99_S:g} s",
            "none was accepted" if p99 is None else f"{p99:.3f} s",
            p99 is not None and p99 < P99_S,
        ),
        Check(
            "memory growth after warm-up",
            f"< {_GROWTH:.0%}",
            "not measured" if growth is None else f"{growth:+.1%}",
            None if growth is None else growth < _GROWTH,
        ),
        Check(
            "left over at the end",
            "nothing",
            left,
            None if end is None else end.queue_depth == 0 and end.upload_mib == 0,
        ),
        Check(
            "rejected as `overloaded` (the load exceeded the capacity)",
            "> 0",
            str(fates["overloaded"]),
            fates["overloaded"] > 0,
        ),
        Check("p99 delay of the client", f"< {_LATE_S:g} s", f"{late:.3f} s", late < _LATE_S),
    ]


def _latencies(outcomes: Sequence[Outcome], group: str) -> list[float]:
    return [outcome.took_s for outcome in outcomes if outcome.group == group and outcome.fate == "answered"]


def _summarize_studies(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    rows = {}
    for name in dict.fromkeys(outcome.study for outcome in outcomes):
        those = [outcome for outcome in outcomes if outcome.study == name]
        took = [1000 * outcome.took_s for outcome in those if outcome.fate in {"answered", "refused"}]
        p50, p95, p99 = np.percentile(took, [50, 95, 99]) if took else (np.nan,) * 3
        fates = Counter(outcome.fate for outcome in those)
        rows[name] = {
            "sent": len(those),
            "answered": fates["answered"] + fates["refused"],
            "overloaded": fates["overloaded"],
            "disconnected": fates["disconnected"],
            "wrong": fates["wrong"] + fates["broken"],
            "p50_ms": round(float(p50)) if took else None,
            "p95_ms": round(float(p95)) if took else None,
            "p99_ms": round(float(p99)) if took else None,
        }
    return rows


def _steady(run: Run) -> list[Sample]:
    """The samples after the warm-up."""
    if not run.samples:
        return []
    begin, end = run.samples[0].at_s, run.samples[-1].at_s
    return [sample for sample in run.samples if sample.at_s >= begin + _WARM_UP * (end - begin)]


def _find_growth(run: Run) -> float | None:
    """By the straight line through the samples after the warm-up: from its begin to its end, as a share.

    The line is Theil and Sen's, the median of all slopes: what is held for a moment, while something large is read,
    does not move it, and what is never given back does.
    """
    steady = _steady(run)
    if len(steady) < _NAMED:
        return None
    at_s = np.array([sample.at_s for sample in steady])
    slope, begin, *_ = theilslopes([sample.resident_mib for sample in steady], at_s - at_s[0])
    return float(slope * (at_s[-1] - at_s[0]) / begin)


def _summarize_memory(run: Run) -> dict[str, float]:
    if not run.samples:
        return {}
    resident = [sample.resident_mib for sample in run.samples]
    steady = [sample.resident_mib for sample in _steady(run)]
    return {
        "at_start": round(resident[0]),
        "peak": round(max(resident)),
        "median_after_warm_up": round(float(np.median(steady))),
        "at_end": round(resident[-1]),
    }
