"""Who may ask: the check of a request's API key before its body is read, and where a service may stand without keys."""

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
"""Whoever reaches the service may ask these; everything else, also what does not exist, takes a key."""

# A client that is still sending gets to read why it is refused, if it soon stops.
_LINGER_S = 1.0
_LINGER_BYTES = 2**20


def refuse_exposure(host: str, keys_file: Path | None, *, insecure: bool) -> None:
    """Refuse to stand open to others.

    Parameters
    ----------
    host : str
        Address or name that the service will listen on.
    keys_file : Path or None
        Of the API keys.
    insecure : bool
        The operator wants no keys, and knows it.

    Raises
    ------
    SetupInvalid
        There are no keys, and others than this machine could ask.
    """
    if keys_file is None and not insecure and not _is_loopback(host):
        raise SetupInvalid(
            f"The service would listen on {host or 'every address'}, where others can reach it, without API keys. "
            "Name a file of keys in TUMORSCOPE_API_KEYS_FILE (`tumorscope key new NAME` writes one), or listen on "
            "127.0.0.1. To serve whoever reaches it, say TUMORSCOPE_INSECURE_NO_API_KEYS=true."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class ApiKeyCheck:
    """Lets through what has a key, or needs none.

    Parameters
    ----------
    app : ASGIApp
        What is inside.
    keys : KeyRing
        Knows who may.
    """

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
                await _refuse(request, error, receive, send)
                return
        await self._app(scope, receive, send)


def _find_secret(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Of ``X-API-Key``, or else of ``Authorization: Bearer``: a proxy in front may have its own use for the latter."""
    bearer = None
    for name, value in headers:
        if name == b"x-api-key":
            return value
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            bearer = token.strip() if scheme.lower() == b"bearer" else bearer
    return bearer


async def _refuse(request: Request, error: Exception, receive: Receive, send: Send) -> None:
    """Answer at once; what the client still sends is not read, but for a little."""
    response = await answer_tumorscope_error(request, error)
    headers = request.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        await response(request.scope, receive, send)
        return
    response.headers["Connection"] = "close"

    async def send_unfinished(message: Message) -> None:
        await send({**message, "more_body": True} if message["type"] == "http.response.body" else message)

    await response(request.scope, receive, send_unfinished)
    # To close with something unread would take the answer from the client. curl waits for "100 Continue" first.
    if headers.get("expect", "").lower() != "100-continue":
        await _linger(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _linger(receive: Receive) -> None:
    read = 0
    try:
        async with asyncio.timeout(_LINGER_S):
            while read < _LINGER_BYTES:
                message = await receive()
                read += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
    except TimeoutError:
        return
