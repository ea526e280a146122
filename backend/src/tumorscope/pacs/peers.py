"""A request to the archive or the service in, its answer out, or an error that says whether another try may help."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import httpx

from tumorscope.domain.errors import PeerError, PeerUnavailable, SetupInvalid

_CONNECT_S = 10
# Longer than the service allows a request to take.
_ANSWER_S = 330
_UNREACHABLE = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)
# Of the set-up, not of the study.
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.MISDIRECTED_REQUEST)
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
    """

    def authorize(request: httpx.Request) -> httpx.Request:
        secret = file.read_text(encoding="utf-8").strip()
        if scheme == "Basic":
            user, _, password = secret.partition(":")
            return next(httpx.BasicAuth(user, password).auth_flow(request))
        request.headers["Authorization"] = f"{scheme} {secret}"
        return request

    return authorize


@contextmanager
def reaching(peer: str) -> Iterator[None]:
    """Turn what fails on the way to ``archive`` or ``service`` into our errors.

    Raises
    ------
    PeerUnavailable
        It does not accept connections.
    PeerError
        ``archive_disconnected``, ``service_disconnected``: the connection was lost, or nothing came in time.
    """
    try:
        yield
    except _UNREACHABLE as error:
        raise PeerUnavailable(f"The {peer} cannot be reached.", f"{peer}_unavailable") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise PeerError(f"The {peer} ended its answer early.", f"{peer}_disconnected") from error


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
