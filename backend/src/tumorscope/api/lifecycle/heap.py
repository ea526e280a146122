"""The C library's heap: what a request took goes back to the system, and does not stay with the thread that took it."""

import ctypes

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8

# By default every thread gets a heap of its own, up to eight for each core, and each keeps its largest moment.
_ARENAS = 2
# A picture's arrays stay below and are soon used again; a volume's lie above, and are given back as soon as they are
# free. Left alone, the limit grows with what is freed until volumes stay too.
_OWN_MAPPING = 4 << 20
_KEPT_FREE = 16 << 20


def bound_heap() -> None:
    """Set the limits, before threads are started; nothing happens where the C library is another."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    mallopt(_M_ARENA_MAX, _ARENAS)
    mallopt(_M_MMAP_THRESHOLD, _OWN_MAPPING)
    mallopt(_M_TRIM_THRESHOLD, _KEPT_FREE)
