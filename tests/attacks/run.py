"""A service in, what each attack on it came to out."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice

import httpx

from tests.attacks.files import ATTACKS
from tests.attacks.memory import Peak
from tests.factories import make_phantom_file

# Whatever an attack asks for, the service may shed it.
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
    peak_mib : float
        Of the service, meanwhile; 0 where it was not measured.
    """

    name: str
    answer: str
    is_right: bool
    took_s: float
    picture_s: float = 0.0
    peak_mib: float = 0.0


def attack(client: httpx.Client, names: Iterable[str] = ATTACKS, peak: Peak | None = None) -> Iterator[Outcome]:
    """Send attacks, one after another, and a good picture after each, which must be answered."""
    for name in names:
        body = ATTACKS[name].make()
        if peak is not None:
            peak.take()
        answer, took_s = _send(client, name, body)
        picture_s = time_picture(client)
        yield Outcome(name, answer, _is_right(name, answer), took_s, picture_s, peak.take() if peak else 0.0)


def attack_at_once(make_client: Callable[[], httpx.Client], names: Iterable[str], count: int = 64) -> list[Outcome]:
    """Send attacks at the same time, each from a client of its own."""
    bodies = {name: ATTACKS[name].make() for name in names}

    def send(name: str) -> Outcome:
        with make_client() as client:
            answer, took_s = _send(client, name, bodies[name])
        return Outcome(name, answer, _is_right(name, answer), took_s)

    with ThreadPoolExecutor(count) as clients:
        return list(clients.map(send, islice(cycle(bodies), count)))


def time_picture(client: httpx.Client) -> float:
    """Seconds until a good picture is answered, as it must be."""
    picture = make_phantom_file("JPEG")
    started = time.monotonic()
    answer = client.post("/predict", content=picture)
    assert answer.status_code == 200, answer.text
    return time.monotonic() - started


def leave(client: httpx.Client, name: str, after_s: float = 1.0) -> None:
    """Send an attack, and leave before it is answered."""
    timeout = httpx.Timeout(60.0, read=after_s)
    try:
        client.post("/predict", content=ATTACKS[name].make(), timeout=timeout)
    except httpx.ReadTimeout:
        return


def _send(client: httpx.Client, name: str, body: bytes) -> tuple[str, float]:
    what = ATTACKS[name]
    started = time.monotonic()
    answer = client.post(what.path, content=body, headers=dict(what.headers))
    return _describe(answer), time.monotonic() - started


def _is_right(name: str, answer: str) -> bool:
    return answer in (*ATTACKS[name].answers, _AWAY)


def _describe(answer: httpx.Response) -> str:
    code = answer.json().get("code", "") if "json" in answer.headers.get("content-type", "") else ""
    return f"{answer.status_code} {code}".strip()
