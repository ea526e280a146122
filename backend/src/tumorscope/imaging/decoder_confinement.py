"""A process that reads files gives up, for good, what it does not need: no attack on a parser can have it back.

It writes no files, takes no memory beyond a limit and has no privileges. On Linux it has no network either, and neither
starts programs or processes nor reaches other ones. What a platform lacks is left out.
"""

import ctypes
import errno
import os
import platform
import resource
import struct
import sys
from pathlib import Path

# Machine: its name for the kernel (linux/audit.h), and its column below.
_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
# System calls by their numbers on x86_64 and aarch64; None where there is none.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    # The network: the channel to the owner is open already.
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242), "sendmsg": (46, 211), "sendmmsg": (307, 269),
    # Programs and processes; a thread is one of `clone`, below.
    "execve": (59, 221), "execveat": (322, 281), "fork": (57, None), "vfork": (58, None),
    # Other processes of the same user: the service itself is one.
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "prlimit64": (302, 261), "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    # Parts of the kernel that no decoder needs, and in which faults are found.
    "io_uring_setup": (425, 425), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "unshare": (272, 97), "setns": (308, 268),
}  # fmt: skip
_CLONE, _CLONE3, _KILL, _TGKILL = (56, 220), (435, 435), (62, 129), (234, 131)
_CLONE_THREAD = 0x10000
# x86_64 has a second set of numbers, from here on.
_X32 = 0x40000000
# Instructions of a filter (linux/bpf_common.h), and where they find the call's number, machine and first argument.
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENT = 0, 4, 16
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _SECCOMP_MODE_FILTER = 4, 22, 38, 2
_CAPABILITY_VERSION_3 = 0x20080522
_LANDLOCK_CREATE_RULESET, _LANDLOCK_RESTRICT_SELF = 444, 446
# All that a first version of Landlock governs, except to read files and folders: parsers are imported late.
_LANDLOCK_WRITE = 0x1FF3


def confine(address_bytes: int | None) -> None:
    """Confine this process, to so much address space besides what it has where that is limited."""
    # Native libraries print messages about the file; the service's log is JSON and must not hold any.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    # No files, and no dump of a patient's data.
    for kind in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(kind, (0, 0))
    sizes = Path("/proc/self/statm")
    if address_bytes is not None and sizes.exists():
        limit = int(sizes.read_text().split()[0]) * resource.getpagesize() + address_bytes
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    if sys.platform == "linux":
        _give_up_privileges(ctypes.CDLL(None))


def _give_up_privileges(libc: ctypes.CDLL) -> None:
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # Its memory is closed to its like.
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.capset(struct.pack("Ii", _CAPABILITY_VERSION_3, 0), bytes(24))
    # The memory of processes outside, too, is closed to one that Landlock governs.
    ruleset = libc.syscall(_LANDLOCK_CREATE_RULESET, struct.pack("Q", _LANDLOCK_WRITE), ctypes.c_size_t(8), 0)
    if ruleset >= 0:
        libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0)
        os.close(ruleset)
    if platform.machine() in _MACHINES:
        rules = _write_filter(*_MACHINES[platform.machine()])
        memory = ctypes.create_string_buffer(rules)
        libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, struct.pack("HP", len(rules) // 8, ctypes.addressof(memory)))


def _write_filter(machine: int, column: int) -> bytes:
    """A program for seccomp that refuses some system calls and allows the others."""
    refuse = (_RETURN, 0, 0, _REFUSE | errno.EPERM)
    allow = (_RETURN, 0, 0, _ALLOW)
    load_number = (_LOAD, 0, 0, _NUMBER)
    # Two numbers behind a condition: how many instructions to leave out if it holds, and if not.
    rules = [
        *((_LOAD, 0, 0, _ARCHITECTURE), (_IF_EQUAL, 1, 0, machine), refuse),
        *(load_number, (_IF_AT_LEAST, 0, 1, _X32), refuse),
        # Its flags are in memory, which a filter cannot read; callers go on to `clone`.
        *((_IF_EQUAL, 0, 1, _CLONE3[column]), (_RETURN, 0, 0, _REFUSE | errno.ENOSYS)),
        *(
            (_IF_EQUAL, 0, 4, _CLONE[column]),
            (_LOAD, 0, 0, _ARGUMENT),
            (_IF_ANY_BIT, 1, 0, _CLONE_THREAD),
            refuse,
            allow,
        ),
    ]
    for number in (_KILL[column], _TGKILL[column]):
        rules += [(_IF_EQUAL, 0, 4, number), (_LOAD, 0, 0, _ARGUMENT), (_IF_EQUAL, 1, 0, os.getpid()), refuse, allow]
    for refused in (numbers[column] for numbers in _REFUSED.values()):
        rules += [(_IF_EQUAL, 0, 1, refused), refuse] if refused is not None else []
    return b"".join(struct.pack("HBBI", *rule) for rule in (*rules, allow))
