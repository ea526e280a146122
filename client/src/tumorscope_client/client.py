"""Files in, the prediction out, by requests that are repeated while the service has no room for them."""

import asyncio
import json
import time
from collections.abc import Callable
from os import PathLike
from typing import Any, Literal, Self, TypedDict, Unpack, cast

import httpx

from tumorscope_client.answer import Answer, Problem
from tumorscope_client.retries import Retries
from tumorscope_client.upload import open_parts

OnProgress = Callable[[int, int], None]
"""Is told how many slices are done, and of how many."""

_PATIENCE_S = 120.0
# Whatever text of another program does to our reading of it.
_NOT_OURS = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
# Longer than the service lets a request take.
_TIMEOUT = httpx.Timeout(330, connect=10)


class Options(TypedDict, total=False):
    """Parameters of `POST /predict`."""

    explain: Literal["none", "heatmap", "kinds"]
    slices: Literal["summary", "all"]
    series: str


class Client:
    """A client that waits for each answer.

    Parameters
    ----------
    url : str
        Of the service (``http://127.0.0.1:8000``), or of the page's API (``http://127.0.0.1:8080/api``).
    api_key : str, optional
        Where the service asks for one.
    patience_s : float
        For so long a request is repeated that the service has no room for, or that does not reach it.
    """

    def __init__(self, url: str, *, api_key: str | None = None, patience_s: float = _PATIENCE_S) -> None:
        self._http = httpx.Client(base_url=url, headers=_make_headers(api_key), timeout=_TIMEOUT)
        self._patience_s = patience_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def predict(
        self, *paths: str | PathLike[str], on_progress: OnProgress | None = None, **options: Unpack[Options]
    ) -> Answer:
        """Ask for a prediction of one study: a file, several, or a folder with the instances of a series.

        Raises
        ------
        Problem
            The service refuses the study, or fails.
        httpx.TransportError
            It cannot be reached.
        FileNotFoundError
            There is nothing to send.
        """
        retries = Retries(self._patience_s)
        while True:
            try:
                with self._http.stream("POST", "predict", params=_list(options), files=open_parts(paths)) as response:
                    if not response.is_success:
                        response.read()
                        raise _read_problem(response)
                    for line in response.iter_lines():
                        if (answer := _read_line(line, on_progress)) is not None:
                            return answer
                    raise httpx.RemoteProtocolError("The answer ended early.")
            except (Problem, httpx.TransportError) as error:
                pause_s = retries.find_pause(error)
                if pause_s is None:
                    raise
                time.sleep(pause_s)


class AsyncClient:
    """`Client`, for asyncio. Files are read in the event loop, piece by piece.

    Parameters
    ----------
    url, api_key, patience_s
        See `Client`.
    """

    def __init__(self, url: str, *, api_key: str | None = None, patience_s: float = _PATIENCE_S) -> None:
        self._http = httpx.AsyncClient(base_url=url, headers=_make_headers(api_key), timeout=_TIMEOUT)
        self._patience_s = patience_s

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def predict(
        self, *paths: str | PathLike[str], on_progress: OnProgress | None = None, **options: Unpack[Options]
    ) -> Answer:
        """See `Client.predict`."""
        retries = Retries(self._patience_s)
        while True:
            try:
                asked = self._http.stream("POST", "predict", params=_list(options), files=open_parts(paths))
                async with asked as response:
                    if not response.is_success:
                        await response.aread()
                        raise _read_problem(response)
                    async for line in response.aiter_lines():
                        if (answer := _read_line(line, on_progress)) is not None:
                            return answer
                    raise httpx.RemoteProtocolError("The answer ended early.")
            except (Problem, httpx.TransportError) as error:
                pause_s = retries.find_pause(error)
                if pause_s is None:
                    raise
                await asyncio.sleep(pause_s)


def _make_headers(api_key: str | None) -> dict[str, str]:
    return {"Accept": "application/x-ndjson"} | ({"X-API-Key": api_key} if api_key else {})


def _list(options: Options) -> dict[str, str]:
    return {name: str(value) for name, value in options.items()}


def _read_problem(response: httpx.Response) -> Problem:
    retry_after = response.headers.get("Retry-After", "")
    try:
        return _make_problem(response.json(), retry_after)
    except _NOT_OURS:
        # Of a proxy on the way.
        return Problem(response.status_code, "unknown", f"HTTP status {response.status_code}", "", retry_after)


def _make_problem(stated: dict[str, Any], retry_after: str = "") -> Problem:
    return Problem(stated["status"], stated["code"], stated["detail"], stated["request_id"], retry_after)


def _read_line(line: str, on_progress: OnProgress | None) -> Answer | None:
    """Take a line of the stream; the last one is the answer."""
    try:
        stated = json.loads(line)
        event = stated.pop("event")
        problem = _make_problem(stated) if event == "error" else None
        done, total = (stated["done"], stated["total"]) if event == "progress" else (0, 0)
    except _NOT_OURS as error:
        raise Problem(200, "unknown", "What answers at this address is no Tumorscope service.") from error
    if problem is not None:
        raise problem
    if event == "result":
        return cast("Answer", stated)
    if event == "progress" and on_progress is not None:
        on_progress(done, total)
    return None
