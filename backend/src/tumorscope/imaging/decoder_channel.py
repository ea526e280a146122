"""Scans and uploads in, JSON and raw arrays through a socket or shared memory, and back.

Never pickles, which may run code.
"""

import fcntl
import json
import mmap
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain import scan
from tumorscope.domain.errors import CorruptFile
from tumorscope.imaging import source
from tumorscope.imaging.decode import Upload

_TYPES = {
    name: one
    for name, one in {**vars(scan), **vars(source), Upload.__name__: Upload}.items()
    if isinstance(one, type) and is_dataclass(one)
}
# Of floating-point and whole numbers: an array of objects would hold addresses.
_KINDS = "fiu"
_LONGEST_MESSAGE = 2**24
_LENGTH_BYTES = 8
_MOST_AT_ONCE = 2**30
# One million pixels of 16 bits. What fits goes to the other process in half the time, without the kernel's buffers.
_SHARED_BYTES = 2 * 2**20

DAMAGED = "The file is damaged: reading it fails. Export it again."
"""Of a file whose parser fails in any way that it does not explain itself."""

Watch = Callable[[], None]
"""Called several times a second while a file is read; what it raises ends the work."""


def watch_nothing() -> None:
    """Let the work go on, whatever happens."""


@dataclass(frozen=True, slots=True)
class Channel:
    """Between a process that reads files and its owner, who take turns.

    Parameters
    ----------
    end : socket
        For messages, and for contents that are too large for the other.
    shared : memoryview
        Memory of both; empty where the platform has none without a file.
    """

    end: socket.socket
    shared: memoryview

    @classmethod
    def join(cls, end: socket.socket, memory: Sequence[int]) -> "Channel":
        """From one end of a pair, and what `open_shared` gave, which may be closed then."""
        shared = [mmap.mmap(descriptor, _SHARED_BYTES) for descriptor in memory]
        return cls(end, memoryview(shared[0] if shared else b""))

    def place(self, sizes: Sequence[int]) -> list[memoryview] | None:
        """Where contents of these sizes lie in the shared memory; None of those that go through the socket."""
        if sum(sizes) > len(self.shared):
            return None
        return [self.shared[end - size : end] for size, end in zip(sizes, accumulate(sizes), strict=True)]


def open_shared() -> list[int]:
    """A descriptor of new memory to share; none where the platform, or a limit on the size of files, allows none."""
    if not hasattr(os, "memfd_create"):
        return []
    descriptor = os.memfd_create("scan", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(descriptor, _SHARED_BYTES)
    except OSError:
        os.close(descriptor)
        return []
    # Whoever reads where another process has cut it off is ended by the kernel.
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return [descriptor]


def pack(value: object) -> tuple[Any, list[NDArray[Any]]]:
    """Describe a dataclass of scans or uploads, or what such hold, in what JSON holds.

    Returns
    -------
    (Any, list of ndarray)
        The description, and the arrays that it numbers, contiguous as they lie in memory.
    """
    arrays: list[NDArray[Any]] = []

    def describe(value: object) -> Any:  # noqa: ANN401
        if isinstance(value, np.ndarray):
            order = sorted(range(value.ndim), key=lambda axis: -abs(value.strides[axis]))
            reversed_axes = [axis for axis in range(value.ndim) if value.strides[axis] < 0]
            arrays.append(np.ascontiguousarray(np.flip(value, tuple(reversed_axes)).transpose(order)))
            return {"array": len(arrays) - 1, "order": order, "reversed": reversed_axes}
        if is_dataclass(value):
            members = {one.name: getattr(value, one.name) for one in fields(value)}
            return {"type": type(value).__name__, "members": describe(members)}
        if isinstance(value, Mapping):
            return {key: describe(one) for key, one in value.items()}
        return [describe(one) for one in value] if isinstance(value, tuple) else value

    return describe(value), arrays


def unpack(packed: Any, arrays: Sequence[NDArray[Any]]) -> Any:  # noqa: ANN401
    """The inverse of `pack`; the arrays keep their layout in memory.

    Raises
    ------
    CorruptFile
        It is no description.
    """

    def build(value: Any) -> Any:  # noqa: ANN401
        match value:
            case {"array": number, "order": order, "reversed": reversed_axes}:
                return np.flip(arrays[number].transpose(np.argsort(order)), tuple(reversed_axes))
            case {"type": name, "members": members}:
                return _TYPES[name](**build(members))
            case dict():
                return {key: build(one) for key, one in value.items()}
            case list():
                return tuple(build(one) for one in value)
        return value

    try:
        return build(packed)
    except Exception as error:
        raise CorruptFile(DAMAGED) from error


def allocate(dtype: str, shape: Sequence[int]) -> NDArray[Any]:
    """An array to fill with the bytes of one that `pack` gave.

    Raises
    ------
    CorruptFile
        Its type is not one of numbers.
    """
    try:
        kind = np.dtype(dtype)
        if kind.kind in _KINDS:
            return np.empty(shape, kind)
    except (TypeError, ValueError) as error:
        raise CorruptFile(DAMAGED) from error
    raise CorruptFile(DAMAGED)


def send(
    channel: Channel, message: object, contents: Sequence[bytes | memoryview] = (), watch: Watch = watch_nothing
) -> None:
    """Send a message, in JSON, and the raw bytes that it announces."""
    text = json.dumps(message).encode()
    places = channel.place([len(content) for content in contents])
    for place, content in zip(places or (), contents, strict=False):
        place[:] = content
    for content in (len(text).to_bytes(_LENGTH_BYTES) + text, *(contents if places is None else ())):
        move(channel.end.send, memoryview(content), watch)


def receive(channel: Channel, watch: Watch = watch_nothing) -> Any:  # noqa: ANN401  (JSON)
    """The next message.

    Raises
    ------
    CorruptFile
        It is none that the pool sends.
    EOFError
        The other side has ended.
    """
    length = bytearray(_LENGTH_BYTES)
    move(channel.end.recv_into, memoryview(length), watch)
    if (size := int.from_bytes(length)) > _LONGEST_MESSAGE:
        raise CorruptFile(DAMAGED)
    text = bytearray(size)
    move(channel.end.recv_into, memoryview(text), watch)
    try:
        return json.loads(text)
    except ValueError as error:
        raise CorruptFile(DAMAGED) from error


def receive_files(channel: Channel, sizes: Sequence[int]) -> Iterator[bytes]:
    """The contents of a message, of these sizes."""
    places = channel.place(sizes)
    yield from map(bytes, places) if places is not None else (_receive_bytes(channel.end, size) for size in sizes)


def _receive_bytes(channel: socket.socket, size: int) -> bytes:
    """So many bytes, without a second copy of them where they fit one call."""
    chunks = []
    while size:
        chunk = channel.recv(min(size, _MOST_AT_ONCE), socket.MSG_WAITALL)
        if not chunk:
            raise EOFError
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


def receive_arrays(channel: Channel, arrays: Sequence[NDArray[Any]], watch: Watch) -> None:
    """Fill contiguous arrays with the contents of a message."""
    targets = [array.data.cast("B") for array in arrays]
    places = channel.place([len(target) for target in targets])
    for index, target in enumerate(targets):
        if places is None:
            move(channel.end.recv_into, target, watch)
        else:
            target[:] = places[index]


def move(operation: Callable[[memoryview], int], content: memoryview, watch: Watch) -> None:
    """Send or receive all of it; `watch` is called whenever the other side has made nothing of it for a while."""
    while content:
        try:
            moved = operation(content)
        except TimeoutError:
            watch()
            continue
        if not moved:
            raise EOFError
        content = content[moved:]
