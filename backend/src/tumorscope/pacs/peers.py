"""A request to the archive or the service in, its answer out, or an error that says whether another try may help."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from threading import Timer
from typing import Any

import httpx

from tumorscope.domain.errors import PeerError, PeerUnavailable, SetupInvalid

_CONNECT_S = 10
# Longer than the service allows a request to take.
_ANSWER_S = 330
# Of one request, however its answer trickles.
_WHOLE_S = 600.0
# Of an answer that is held in memory: 500 studies of a listing take about 1 MB.
_MOST_BYTES = 16 * 2**20
_UNREACHABLE = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)
# Of the set-up, not of the study.
_REFUSED = (
    *(HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED),
    HTTPStatus.MISDIRECTED_REQUEST,
)
_SECRET = "secret_unreadable"  # noqa: S105  (a code)
_LATER = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE)


def open_client(url: str, authorize: Callable[[httpx.Request], httpx.Request] | None) -> httpx.Client:
    """Open a client of the server at an address.

    Raises
    ------
    SetupInvalid
        It is no address of HTTP.
    """
    if re.fullmatch(r"https?://[^/]+(/.*)?", url) is None:
        raise SetupInvalid(f"{url} is no address of a server: it begins with http:// or https://.")
    # A connection for each request: a kept one may be closed at the moment in which it is used again.
    return httpx.Client(
        base_url=url,
        auth=authorize,
        timeout=httpx.Timeout(_ANSWER_S, connect=_CONNECT_S),
        limits=httpx.Limits(max_keepalive_connections=0),
    )


def authorize_by_file(file: Path, scheme: str) -> Callable[[httpx.Request], httpx.Request]:
    """Send what a file holds in every request, as it is then: a secret may be replaced while the watcher runs.

    Parameters
    ----------
    file : Path
        Its content is USER:PASSWORD for ``Basic``, else a token.
    scheme : str
        ``Basic`` or ``Bearer``.

    Returns
    -------
    callable
        Raises `PeerUnavailable`, ``secret_unreadable``, while the file is absent, or holds no such text.
    """

    def authorize(request: httpx.Request) -> httpx.Request:
        try:
            secret = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise PeerUnavailable("The file of a login, token or key cannot be read.", _SECRET) from error
        if not secret or not secret.isprintable():
            raise PeerUnavailable("The file of a login, token or key holds none, or several lines.", _SECRET)
        if scheme == "Basic":
            user, _, password = secret.partition(":")
            return next(httpx.BasicAuth(user, password).auth_flow(request))
        request.headers["Authorization"] = f"{scheme} {secret}"
        return request

    return authorize


@contextmanager
def reaching(peer: str) -> Iterator[dict[str, Any]]:
    """Turn what fails on the way to ``archive`` or ``service`` into our errors, and end what takes too long.

    Yields
    ------
    dict
        The extensions of the one request that is made, by which it can be ended.

    Raises
    ------
    PeerUnavailable
        It does not accept connections.
    PeerError
        ``archive_disconnected``, ``service_disconnected``: the connection was lost; ``archive_too_slow``,
        ``service_too_slow``: nothing came in time, or not all.
    """
    too_slow = PeerError(f"The {peer} does not answer in time.", f"{peer}_too_slow")
    with _bounding() as (extensions, has_ended):
        try:
            yield extensions
        except _UNREACHABLE as error:
            # A name that is not known, an authority that is not trusted, a port that is closed.
            raise PeerUnavailable(f"The {peer} cannot be reached: {error}.", f"{peer}_unavailable") from error
        except httpx.TimeoutException as error:
            raise too_slow from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if has_ended():
                raise too_slow from error
            raise PeerError(f"The {peer} ended its answer early.", f"{peer}_disconnected") from error
        except PeerError as error:
            # Of half an answer.
            if has_ended():
                raise too_slow from error
            raise
        if has_ended():
            raise too_slow


@contextmanager
def _bounding() -> Iterator[tuple[dict[str, Any], Callable[[], bool]]]:
    """End the connection of a request after a while; its extensions, and whether it was ended.

    The timeouts of HTTPX are of one byte: an answer that drips meets them for days.
    """
    connections: list[socket.socket] = []
    ended: list[bool] = []

    def note(event: str, info: dict[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            # A descriptor of our own, which neither encryption nor the end of the request takes away.
            connections.append(info["return_value"].get_extra_info("socket").dup())

    def end() -> None:
        ended.append(True)
        for connection in connections:
            # The other side may have ended it.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    timer = Timer(_WHOLE_S, end)
    timer.daemon = True
    timer.start()
    try:
        yield {"trace": note}, lambda: bool(ended)
    finally:
        timer.cancel()
        timer.join()
        for connection in connections:
            connection.close()


def read_whole(response: httpx.Response, peer: str) -> bytes:
    """Read an answer that is small.

    Raises
    ------
    PeerError
        ``answer_invalid``: it is not.
    """
    content = bytearray()
    for piece in response.iter_bytes():
        content += piece
        if len(content) > _MOST_BYTES:
            raise PeerError(f"The {peer}'s answer is too long.", "answer_invalid")
    return bytes(content)


def require_success(response: httpx.Response, peer: str) -> None:
    """Check the status of an answer.

    Raises
    ------
    PeerUnavailable
        It cannot answer now, or not to us.
    PeerError
        ``archive_http_500`` and the like.
    """
    if response.is_success:
        return
    if response.status_code in _LATER:
        wait = response.headers.get("Retry-After", "")
        raise PeerUnavailable(
            f"The {peer} cannot answer now.", f"{peer}_unavailable", float(wait) if wait.isdecimal() else 0
        )
    if response.status_code in _REFUSED:
        raise PeerUnavailable(f"The {peer} refuses the request: {response.status_code}.", f"{peer}_refused")
    raise PeerError(f"The {peer} answered {response.status_code}.", f"{peer}_http_{response.status_code}")
