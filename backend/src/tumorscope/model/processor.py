"""The processor's features and cores."""

import math
import os
import platform
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")
# A container's CPU quota: microseconds in each period, or "max".
_CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 in hardware; otherwise bfloat16 is slower than float32."""
    if not _CPU_INFO.is_file():
        return False
    flags = set(_CPU_INFO.read_text(encoding="utf-8").split())
    return not flags.isdisjoint({"avx512_bf16", "amx_bf16"})


def describe_processor() -> str:
    """Model and instruction sets of the processor, to tell it from others that run the same code at another speed."""
    lines = _CPU_INFO.read_text(encoding="utf-8").splitlines() if _CPU_INFO.is_file() else []
    # The names of x86's and of ARM's lines; those of the first core.
    wanted = ("model name", "flags", "Features", "CPU implementer", "CPU part")
    found = {line.partition(":")[0].strip(): line for line in reversed(lines) if line.startswith(wanted)}
    return "\n".join([platform.machine(), platform.processor(), *sorted(found.values())])


def count_cores() -> int:
    """The cores that this process may use, limited by its CPU affinity and its container's quota."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = _CPU_LIMIT.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return bound
    return bound if quota == "max" else max(1, min(bound, math.ceil(int(quota) / int(period))))
