"""The job table and the watcher's events in, Prometheus metrics and a page out that tell nothing of a patient."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, get_args

from prometheus_client import CollectorRegistry, Counter, disable_created_metrics, make_wsgi_app, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tumorscope.domain.errors import JobsDamaged, PeerUnavailable, SetupInvalid
from tumorscope.pacs.jobs import Jobs, State
from tumorscope.pacs.page import Trouble, write_page, write_unreadable

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_EVENTS = ("study_answered", "study_refused", "study_failed", "paused", "waiting")
_NO_CODE = "none"
_TROUBLES = 10
_PAGE_HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
]


class WatcherMetrics:
    """What an operator asks of a watcher: how much is done, how long the oldest waits, and what goes wrong."""

    def __init__(self, jobs: str) -> None:
        # These would state when each series started, which Prometheus finds out by itself.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._jobs = jobs
        self._troubles: deque[Trouble] = deque(maxlen=_TROUBLES)
        self.registry = CollectorRegistry()
        self.registry.register(_JobTable(jobs))
        self._events = Counter(
            "tumorscope_pacs_events",
            "Studies answered, refused and failed attempts, pauses as a peer is out of reach, half minutes of waiting.",
            ("event", "code"),
            registry=self.registry,
        )
        # Prometheus sees no increase from an absent series to 1.
        for event in _EVENTS:
            self._events.labels(event, _NO_CODE)

    def count(self, event: str, code: str = _NO_CODE, study: int | None = None, **_: object) -> None:
        """Count an event of the watcher's log, and keep it for the page where it has a code."""
        if event not in _EVENTS:
            return
        self._events.labels(event, code).inc()
        if code != _NO_CODE:
            self._troubles.appendleft(Trouble(time.time(), event, study, code))

    def serve(self, host: str, port: int) -> None:
        """Answer at an address from now on, beside the work: the page at ``/``, metrics everywhere else.

        Raises
        ------
        SetupInvalid
            The address is taken, or not of this machine.
        """
        try:
            server, _ = start_http_server(port, host, self.registry)
        except OSError as error:
            raise SetupInvalid(f"Metrics cannot be served at {host}:{port}: {error.strerror}.") from error
        metrics = make_wsgi_app(self.registry)

        def answer(environment: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
            is_page = environment["PATH_INFO"] == "/"
            try:
                return self._answer_page(start) if is_page else metrics(environment, start)
            except (PeerUnavailable, JobsDamaged) as error:
                start("503 Service Unavailable", _PAGE_HEADERS)
                return [write_unreadable(error.code, str(error)).encode()]

        server.set_app(answer)

    def _answer_page(self, start: "StartResponse") -> list[bytes]:
        with Jobs(self._jobs) as jobs:
            page = write_page(jobs, list(self._troubles))
        start("200 OK", _PAGE_HEADERS)
        return [page.encode()]


class _JobTable(Collector):
    def __init__(self, place: str) -> None:
        self._place = place

    def collect(self) -> Iterator[Metric]:
        with Jobs(self._place) as jobs:
            counted, oldest = jobs.count(), jobs.find_oldest_open()
        studies = GaugeMetricFamily("tumorscope_pacs_studies", "Studies of the archive by state.", labels=["state"])
        for state in get_args(State):
            studies.add_metric([state], counted.get(state, 0))
        yield studies
        yield GaugeMetricFamily(
            "tumorscope_pacs_oldest_open_seconds",
            "Since the last image came of the study that has been open for longest; 0 where all are done.",
            value=0 if oldest is None else time.time() - oldest,
        )
