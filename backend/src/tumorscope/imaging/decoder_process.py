"""Decodes in processes of their own: each request for one through a socket is answered by a fork, which reads files."""

import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from typing import Any

from tumorscope.domain.errors import CorruptFile, InputError, TumorscopeError
from tumorscope.domain.scan import Scan
from tumorscope.imaging.decode import Upload
from tumorscope.imaging.decoder_channel import DAMAGED, Channel, pack, receive, receive_files, send, unpack
from tumorscope.imaging.decoder_confinement import confine
from tumorscope.imaging.source import DecodeLimits, SourceFile

EXIT_CODE_BYTES = 4
_MOST_DESCRIPTORS = 3
# Memory is asked for by so much, since each question costs a turn of both processes.
_RESERVE_STEP = 2**20

Decode = Callable[[Upload, DecodeLimits], Scan]


def main(control_fd: int, module: str, function: str, address_bytes: int | None) -> None:
    """Fork a process for each set of descriptors, of its exit code and its channel, until the control socket closes."""
    control = socket.socket(fileno=control_fd)
    decode = getattr(import_module(module), function)
    # What is imported before the forks, they need not import.
    for parser in ("formats.dicom", "formats.other_volumes", "series.brats_case"):
        import_module(f"tumorscope.imaging.{parser}")
    # Ctrl-C reaches every process of a terminal; the owner ends these. Ended children need not be waited for.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, _MOST_DESCRIPTORS)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            _supervise(decode, address_bytes, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _supervise(decode: Decode, address_bytes: int | None, report: int, end: int, *memory: int) -> None:
    """Fork the process that decodes, and report its exit code; never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        os.close(report)
        try:
            _serve(Channel.join(socket.socket(fileno=end), memory), decode, address_bytes)
        finally:
            os._exit(0)
    try:
        for descriptor in (end, *memory):
            os.close(descriptor)
        exit_code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        # Fails where the owner has ended first.
        os.write(report, exit_code.to_bytes(EXIT_CODE_BYTES, signed=True))
    finally:
        os._exit(0)


def _serve(channel: Channel, decode: Decode, address_bytes: int | None) -> None:
    """Answer files with a scan or an error, until the owner closes the channel; runs in the process."""
    confine(address_bytes)
    send(channel, {"pid": os.getpid()})
    with suppress(EOFError, OSError):
        while True:
            job = receive(channel)
            contents = receive_files(channel, [size for _, size in job["files"]])
            files = [SourceFile(name, data) for (name, _), data in zip(job["files"], contents, strict=True)]
            upload = replace(unpack(job["upload"], ()), files=files)
            # The kernel ends the process with this signal when the time is used up, whatever native code does.
            signal.setitimer(signal.ITIMER_PROF, job["cpu_s"])
            answer, arrays = _answer(channel, decode, upload, DecodeLimits(*job["limits"]), job["granted"])
            del files, upload
            signal.setitimer(signal.ITIMER_PROF, 0)
            send(channel, answer, [array.data.cast("B") for array in arrays])
            del answer, arrays


def _describe(error: Exception) -> dict[str, str | None]:
    # Not where it was caught: that would keep the error, and all that was unpacked, in a cycle of references.
    cause = error.__cause__ if isinstance(error, TumorscopeError) else error
    stated = error if isinstance(error, InputError | MemoryError) else CorruptFile(DAMAGED)
    name = MemoryError.__name__ if isinstance(error, MemoryError) else type(stated).__name__
    return {"error": name, "message": str(stated), "cause": type(cause).__name__ if cause else None}


def _answer(
    channel: Channel, decode: Decode, upload: Upload, limits: DecodeLimits, granted: int
) -> tuple[Any, list[Any]]:
    left = granted

    def reserve(size: int) -> None:
        nonlocal left
        if size > left:
            wanted = max(size - left, _RESERVE_STEP)
            send(channel, {"reserve": wanted})
            receive(channel)
            left += wanted
        left -= size

    try:
        packed, arrays = pack(decode(upload, replace(limits, reserve=reserve)))
    except Exception as error:  # noqa: BLE001  (whatever a parser raises is the file's fault)
        return _describe(error), []
    return {"scan": packed, "arrays": [(array.dtype.str, array.shape) for array in arrays]}, arrays


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]) or None)
