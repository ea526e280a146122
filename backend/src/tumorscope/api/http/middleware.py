"""A request in, its answer out with a request id and the model's version, logged and counted; no unhandled error."""

import logging
import re
from time import perf_counter
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tumorscope.api.http.errors import internal_problem
from tumorscope.api.lifecycle.service import Service
from tumorscope.api.monitoring.logs import log_event
from tumorscope.api.monitoring.metrics import Metrics, record_request

REQUEST_ID = "X-Request-Id"
MODEL_VERSION = "X-Model-Version"

# A client's request id is used if it has this form; any other could forge a log line.
_VALID_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
# nginx's status for a client that disconnected; it is logged, never sent.
_CLIENT_CLOSED = 499
# On every answer: a browser respects its media type, runs no script of it, and gives it to no other page; styles are
# allowed for the documentation. TLS ends at a proxy in front, which sends Strict-Transport-Security.
_SAFE_HEADERS = [
    (b"cache-control", b"no-store"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]


class RequestContext:
    """The outermost of the application's own middleware."""

    def __init__(self, app: ASGIApp, service: Service, metrics: Metrics) -> None:
        self._app = app
        self._service = service
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent_id = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = sent_id if _VALID_REQUEST_ID.fullmatch(sent_id) else uuid4().hex
        request = Request(scope, receive)
        request.state.request_id = request_id
        request.state.code = None
        request.state.cause = None
        request.state.client = None
        request.state.model_version = None
        started = perf_counter()
        status: int | None = None
        is_whole = False

        async def send_with_headers(message: Message) -> None:
            nonlocal status, is_whole
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                headers.raw.extend(_SAFE_HEADERS)
                if self._service.status == "draining":
                    # The client must not send another request on a connection that is about to close.
                    headers["Connection"] = "close"
                version = request.state.model_version or self._service.version
                if version is not None:
                    headers[MODEL_VERSION] = version
            await send(message)
            is_whole = message["type"] == "http.response.body" and not message.get("more_body", False)

        failure: Exception | None = None
        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            status = _CLIENT_CLOSED
        except Exception as error:  # noqa: BLE001  (nothing is above this handler: it becomes a 500 and a log line)
            failure = error
            if status is None:
                await internal_problem(request)(scope, receive, send_with_headers)
        if failure is None and not is_whole:
            # Starlette ends a stream without a word when its client leaves.
            status = _CLIENT_CLOSED
        # The route's pattern, because the path itself is the client's text.
        route: str | None = getattr(scope.get("route"), "path", None)
        code: str | None = request.state.code
        seconds = perf_counter() - started
        record_request(self._metrics, route, scope["method"], status, code, seconds)
        log_event(
            "request",
            logging.ERROR if failure else logging.INFO,
            error=failure,
            request_id=request_id,
            method=scope["method"],
            route=route,
            status=status,
            code=code,
            cause=request.state.cause,
            # The name of the key, never the key.
            client=request.state.client,
            duration_ms=round(seconds * 1000, 1),
        )
