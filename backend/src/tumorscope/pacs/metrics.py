"""The job table and the watcher's events in, Prometheus metrics out that tell nothing of a patient."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, disable_created_metrics, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tumorscope.domain.errors import SetupInvalid
from tumorscope.pacs.jobs import Jobs, State

_EVENTS = ("study_answered", "study_refused", "study_failed", "paused")
_NO_CODE = "none"


class WatcherMetrics:
    """What an operator asks of a watcher: how much is done, how long the oldest waits, and what goes wrong.

    Parameters
    ----------
    jobs : Path
        File of the job table; it is read whenever somebody asks.
    """

    def __init__(self, jobs: Path) -> None:
        # These would state when each series started, which Prometheus finds out by itself.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.registry.register(_JobTable(jobs))
        self._events = Counter(
            "tumorscope_pacs_events",
            "Studies answered, refused and failed attempts, and pauses because archive or service cannot be reached.",
            ("event", "code"),
            registry=self.registry,
        )
        # Prometheus sees no increase from an absent series to 1.
        for event in _EVENTS:
            self._events.labels(event, _NO_CODE)

    def count(self, event: str, **fields: object) -> None:
        """Count an event of the watcher's log."""
        if event in _EVENTS:
            self._events.labels(event, fields.get("code", _NO_CODE)).inc()

    def serve(self, host: str, port: int) -> None:
        """Answer at an address from now on, beside the work.

        Raises
        ------
        SetupInvalid
            The address is taken, or not of this machine.
        """
        try:
            start_http_server(port, host, self.registry)
        except OSError as error:
            raise SetupInvalid(f"Metrics cannot be served at {host}:{port}: {error.strerror}.") from error


class _JobTable(Collector):
    def __init__(self, file: Path) -> None:
        self._file = file

    def collect(self) -> Iterator[Metric]:
        with Jobs(self._file) as jobs:
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
