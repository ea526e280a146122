"""Pieces of an answer in, the answer out; what is held for it is released when the client has read it, or has left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

_PIECE_BYTES = 256 * 1024


class HeldResponse(StreamingResponse):
    """A response whose next piece is written when the client has read nearly all of those before.

    Parameters
    ----------
    pieces : async iterator of bytes or str
        What is sent.
    held : ExitStack
        Closed with the response, however it ends.
    media_type : str
        Of the whole.
    size : int, optional
        Bytes of the whole, where it is known.
    """

    def __init__(
        self, pieces: AsyncIterator[bytes | str], held: ExitStack, media_type: str, size: int | None = None
    ) -> None:
        headers = None if size is None else {"Content-Length": str(size)}
        super().__init__(pieces, media_type=media_type, headers=headers)
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        with self._held:
            await super().__call__(scope, receive, send)


async def cut(content: bytes) -> AsyncIterator[bytes]:
    """Cut what is whole already into pieces."""
    for start in range(0, len(content), _PIECE_BYTES):
        yield content[start : start + _PIECE_BYTES]
        # What is sent to a client that has left vanishes without waiting, and the response has to see it.
        await asyncio.sleep(0)
