"""A client of a service in, what each attack on it came to out."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from tests.attacks.files import ATTACKS
from tests.factories import make_phantom_file

# Whatever an attack asks for, it may be sent away.
_AWAY = "503 overloaded"


@dataclass(frozen=True)
class Outcome:
    """Of one attack.

    Parameters
    ----------
    name : str
        In `ATTACKS`.
    answer : str
        Status and code.
    is_right : bool
        Whether that is one of those it may get.
    took_s, picture_s : float
        Until its answer, and until that of a good picture that was sent after it.
    """

    name: str
    answer: str
    is_right: bool
    took_s: float
    picture_s: float


def attack(client: httpx.Client, names: Iterable[str] = ATTACKS) -> Iterator[Outcome]:
    """Send attacks, one after another, and a good picture after each, which must be answered."""
    picture = make_phantom_file("JPEG")
    for name in names:
        what = ATTACKS[name]
        body = what.make()
        started = time.monotonic()
        answer = _describe(client.post(what.path, content=body, headers=dict(what.headers)))
        answered = time.monotonic()
        assert client.post("/predict", content=picture).status_code == 200
        yield Outcome(
            name,
            answer,
            answer in (*what.answers, _AWAY),
            answered - started,
            time.monotonic() - answered,
        )


def leave(client: httpx.Client, name: str, after_s: float = 1.0) -> None:
    """Send an attack, and leave before it is answered."""
    timeout = httpx.Timeout(60.0, read=after_s)
    try:
        client.post("/predict", content=ATTACKS[name].make(), timeout=timeout)
    except httpx.ReadTimeout:
        return


def _describe(answer: httpx.Response) -> str:
    code = answer.json().get("code", "") if "json" in answer.headers.get("content-type", "") else ""
    return f"{answer.status_code} {code}".strip()


@contextmanager
def watch_health(client: httpx.Client) -> Iterator[list[float]]:
    """Seconds that each answer of ``/health/live`` took, asked for all the time."""
    took: list[float] = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.wait(0.1):
            started = time.monotonic()
            assert client.get("/health/live").status_code == 200
            took.append(time.monotonic() - started)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield took
    finally:
        ended.set()
        thread.join()
