"""A request whose body comes in too slowly in, an error out, whatever route reads it."""

import asyncio
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tumorscope.domain.errors import UploadTooSlow


@dataclass(frozen=True, slots=True)
class Pace:
    """The slowest that a body may come in.

    Parameters
    ----------
    least_bytes : int
        What has to come, or the body's end, …
    within_s : float
        … in every so many seconds.
    """

    least_bytes: int
    within_s: float


class UploadPace:
    """Lets `receive` raise `UploadTooSlow`.

    Parameters
    ----------
    app : ASGIApp
        What is inside, with the handler of that error.
    pace : Pace
        For every request.
    """

    def __init__(self, app: ASGIApp, pace: Pace) -> None:
        self._app = app
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        loop = asyncio.get_running_loop()
        due: float | None = None
        received = 0
        whole = False

        async def receive_in_time() -> Message:
            nonlocal due, received, whole
            # After the whole body only the client's leaving is waited for.
            if whole:
                return await receive()
            if due is None:
                due = loop.time() + self._pace.within_s
            try:
                async with asyncio.timeout_at(due):
                    message = await receive()
            except TimeoutError as error:
                raise UploadTooSlow(
                    f"Less than {self._pace.least_bytes // 1024} KiB came in {self._pace.within_s:g} seconds."
                ) from error
            whole = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received >= self._pace.least_bytes:
                due, received = loop.time() + self._pace.within_s, 0
            return message

        await self._app(scope, receive_in_time, send)
