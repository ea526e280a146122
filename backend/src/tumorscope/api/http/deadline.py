"""A request in, its answer out within a time; what takes longer is cancelled."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tumorscope.api.http.errors import answer_tumorscope_error
from tumorscope.domain.errors import TookTooLong

_TOO_LONG = "The request takes longer than the service allows. Send a single series."
ANSWER_S = 30.0
"""For an answer, or the last line of a stream, after the body and the work."""


class RequestDeadline:
    """Middleware that ends requests which take too long: in the body, in the work for them, or in the answer.

    Parameters
    ----------
    app : ASGIApp
        The inner application.
    max_s : float
        From a request's headers to the end of its work; half a minute more to the end of its answer.
    """

    def __init__(self, app: ASGIApp, max_s: float) -> None:
        self._app = app
        self._max_s = max_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        request.state.deadline = asyncio.get_running_loop().time() + self._max_s
        has_started = False

        async def send_and_note(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            async with _cancel_at(request.state.deadline + ANSWER_S, TookTooLong(_TOO_LONG)):
                await self._app(scope, receive, send_and_note)
        except TookTooLong as error:
            response = await answer_tumorscope_error(request, error)
            # An answer that has begun just ends: the server closes the connection.
            if not has_started:
                await response(scope, receive, send)


@asynccontextmanager
async def end_in_time(request: Request) -> AsyncIterator[None]:
    """Cancel what is inside, reading the body or the work, when the request has taken too long.

    Raises
    ------
    TookTooLong
        It has.
    """
    async with _cancel_at(request.state.deadline, TookTooLong(_TOO_LONG)):
        yield


@asynccontextmanager
async def end_with_client(request: Request) -> AsyncIterator[None]:
    """Cancel the work inside when the client of a request, whose body was read, disconnects.

    Raises
    ------
    ClientDisconnect
        It has.
    """
    async with _cancel_at(None, ClientDisconnect()) as scope:

        async def watch() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            scope.reschedule(asyncio.get_running_loop().time())

        watching = asyncio.create_task(watch())
        try:
            yield
        finally:
            watching.cancel()


@asynccontextmanager
async def _cancel_at(when: float | None, reason: Exception) -> AsyncIterator[asyncio.Timeout]:
    try:
        async with asyncio.timeout_at(when) as scope:
            yield scope
    except TimeoutError as error:
        if scope.expired():
            raise reason from error
        raise
