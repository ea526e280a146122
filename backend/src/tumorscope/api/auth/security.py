"""The check of a request's API key before its body is read, and where the service may run without keys."""

import asyncio
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tumorscope.api.auth.key_ring import KeyRing
from tumorscope.api.http.errors import answer_tumorscope_error
from tumorscope.domain.errors import AccessDenied, RateLimited, SetupInvalid

PUBLIC_PATHS = frozenset(
    {
        "/health",
        "/health/live",
        "/health/ready",
        "/v2/health/live",
        "/v2/health/ready",
        "/docs",
        "/docs.css",
        "/openapi.json",
    }
)
"""Paths that need no key; all others, including those that do not exist, need one."""

# The rest of a refused upload is read and discarded within these bounds, so that the client can read the answer.
_DISCARD_S = 1.0
_DISCARD_BYTES = 2**20


def refuse_exposure(host: str, keys_file: Path | None, *, insecure: bool) -> None:
    """Refuse to serve other machines without API keys, unless the operator allows it.

    Raises
    ------
    SetupInvalid
        There are no keys, and other machines could reach the service.
    """
    if keys_file is None and not insecure and not _is_loopback(host):
        raise SetupInvalid(
            f"The service would listen on {host or 'every address'}, where other machines can reach it, without API "
            "keys. Name a file of keys in TUMORSCOPE_API_KEYS_FILE (`tumorscope key new NAME` writes one), or listen "
            "on 127.0.0.1. To allow everybody, set TUMORSCOPE_INSECURE_NO_API_KEYS=true."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class ApiKeyCheck:
    """Middleware that passes on requests that have a valid key or need none."""

    def __init__(self, app: ASGIApp, keys: KeyRing) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http" and scope["path"] not in PUBLIC_PATHS:
            request = Request(scope)
            try:
                request.state.client = self._keys.admit(_find_secret(scope["headers"]))
            except (AccessDenied, RateLimited) as error:
                await refuse(request, error, receive, send)
                return
        await self._app(scope, receive, send)


def _find_secret(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The secret of ``X-API-Key``, else of ``Authorization: Bearer``, which a proxy may use for its own purposes."""
    bearer = None
    for name, value in headers:
        if name == b"x-api-key":
            return value
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            bearer = token.strip() if scheme.lower() == b"bearer" else bearer
    return bearer


async def refuse(request: Request, error: Exception, receive: Receive, send: Send) -> None:
    """Answer an error before the body is read, and discard a little of what the client is still sending."""
    response = await answer_tumorscope_error(request, error)
    headers = request.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        await response(request.scope, receive, send)
        return
    response.headers["Connection"] = "close"

    async def send_unfinished(message: Message) -> None:
        await send({**message, "more_body": True} if message["type"] == "http.response.body" else message)

    await response(request.scope, receive, send_unfinished)
    # Closing a connection with unread data would reset it before the client has read the answer. A client that waits
    # for "100 Continue" has sent nothing.
    if headers.get("expect", "").lower() != "100-continue":
        await _discard(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _discard(receive: Receive) -> None:
    read = 0
    try:
        async with asyncio.timeout(_DISCARD_S):
            while read < _DISCARD_BYTES:
                message = await receive()
                read += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
    except TimeoutError:
        return
