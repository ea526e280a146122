"""A slow request body in, an error out, whichever route reads it."""

import asyncio
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tumorscope.domain.errors import UploadTooSlow


@dataclass(frozen=True, slots=True)
class MinUploadRate:
    """The lowest accepted rate: at least `min_bytes`, or the end of the body, in every `window_s` seconds."""

    min_bytes: int
    window_s: float


class UploadRateCheck:
    """Middleware whose `receive` raises `UploadTooSlow`."""

    def __init__(self, app: ASGIApp, rate: MinUploadRate) -> None:
        self._app = app
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        loop = asyncio.get_running_loop()
        deadline: float | None = None
        received = 0
        is_complete = False

        async def receive_in_time() -> Message:
            nonlocal deadline, received, is_complete
            # After the body there is nothing to receive but the client's disconnection.
            if is_complete:
                return await receive()
            if deadline is None:
                deadline = loop.time() + self._rate.window_s
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError as error:
                raise UploadTooSlow(
                    f"Less than {self._rate.min_bytes // 1024} KiB arrived within {self._rate.window_s:g} seconds. "
                    "Try again over a faster connection, or send fewer files."
                ) from error
            is_complete = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received >= self._rate.min_bytes:
                deadline, received = loop.time() + self._rate.window_s, 0
            return message

        await self._app(scope, receive_in_time, send)
