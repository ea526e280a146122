"""What this machine's processor can do."""

from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself; without, bfloat16 is slower than float32."""
    if not _CPU_INFO.is_file():
        return False
    flags = set(_CPU_INFO.read_text(encoding="utf-8").split())
    return not flags.isdisjoint({"avx512_bf16", "amx_bf16"})
