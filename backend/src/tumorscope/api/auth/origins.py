"""A request in, refused where a page of another origin sends it, or by a name that is not the service's."""

import re
from collections.abc import Collection
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from tumorscope.api.auth.security import refuse
from tumorscope.domain.errors import AccessDenied, ForbiddenOrigin, UnknownHost

_HOST = re.compile(r"(?:\[([^\]]+)\]|([^:\[\]]+))(?::\d*)?")
_OWN_SITE = frozenset({"same-origin", "none"})


class OriginCheck:
    """Middleware that passes on what is no page's, and what the service's own pages or allowed ones send.

    A page of another origin can make a browser send requests to any address that the user's machine reaches. Browsers
    say so in ``Sec-Fetch-Site``, older ones in ``Origin``. A page whose own name is made to resolve to this machine
    (DNS rebinding) is of the same origin; it is known by that name in ``Host``.

    Parameters
    ----------
    app : ASGIApp
        The inner application.
    hosts : collection of str
        Names in small letters that are served besides ``localhost`` and any IP address: no name can be rebound to an
        address's own origin.
    origins : collection of str
        Other origins whose pages may send requests.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], origins: Collection[str]) -> None:
        self._app = app
        self._hosts = {"localhost", *hosts}
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http":
            try:
                self._check(scope["method"], Headers(scope=scope))
            except AccessDenied as error:
                await refuse(Request(scope), error, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, method: str, headers: Headers) -> None:
        # Only HTTP/1.0 goes without, and no browser speaks it.
        host = headers.get("host")
        if host is not None and not self._is_served(host):
            raise UnknownHost(
                "The service is not known by this name. TUMORSCOPE_ALLOWED_HOSTS lists the names that it has."
            )
        origin = headers.get("origin")
        if origin in self._origins:
            return
        site = headers.get("sec-fetch-site")
        if site is None:
            # Behind a proxy that ends TLS the scheme is not known.
            is_foreign = origin is not None and origin.partition("://")[2] != host
        else:
            is_foreign = site not in _OWN_SITE and not _is_opened_link(method, headers)
        if is_foreign:
            raise ForbiddenOrigin("Pages of other origins may not use the service, unless its operator allows theirs.")

    def _is_served(self, host: str) -> bool:
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match[1] or match[2]
        try:
            return bool(ip_address(name))
        except ValueError:
            return name.lower() in self._hosts


def _is_opened_link(method: str, headers: Headers) -> bool:
    """Whether the user goes to the answer, which the page they come from cannot read."""
    return method in {"GET", "HEAD"} and headers.get("sec-fetch-dest") == "document"
