"""The served model and the one that may replace it; the state that /health reports."""

from collections import deque
from dataclasses import dataclass
from time import monotonic
from typing import Literal

import anyio

from tumorscope.domain.errors import NotReady
from tumorscope.domain.prediction import Prediction
from tumorscope.domain.scan import Slice
from tumorscope.inference.classifier import Classifier

Status = Literal["ready", "starting", "draining", "failed"]
CandidateState = Literal["loading", "shadowing", "refused"]

# Requests wait for a model that is loading, so that a proxy may send to a service that has just started.
_WAIT_S = 30.0
_POLL_S = 0.05
_RETRY_STARTING_S = 2
_RETRY_FAILED_S = 60
# Slices that wait for a candidate take memory besides everything else.
_MAX_SHADOWED = 4
_MAX_SHADOWED_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that is being rolled out, or was refused for a reason; its version is None until its manifest is read."""

    version: str | None
    state: CandidateState
    reason: str | None = None


class Service:
    """The state that the routes share; `model_watch.watch_model` sets its model, and the server drains it."""

    def __init__(self) -> None:
        self.classifier: Classifier | None = None
        self.candidate: Candidate | None = None
        # Answered slices for the candidate. Threads append, and the event loop pops: both are atomic.
        self.shadow: deque[tuple[Slice, Prediction]] | None = None
        self._draining = False
        self._started = monotonic()

    @property
    def status(self) -> Status:
        """The service wants requests while it is ``ready``."""
        if self._draining:
            return "draining"
        if self.classifier is not None:
            return "ready"
        return "failed" if self.failure is not None else "starting"

    @property
    def version(self) -> str | None:
        """Version of the served model."""
        return None if self.classifier is None else self.classifier.bundle.manifest.version

    @property
    def failure(self) -> str | None:
        """Why there is no model, as a code; None if there is one or one is loading."""
        return None if self.classifier is not None or self.candidate is None else self.candidate.reason

    @property
    def uptime_s(self) -> float:
        """Seconds since the service was created."""
        return monotonic() - self._started

    def serve(self, classifier: Classifier) -> None:
        """Answer new requests with this model; in-flight requests keep the model that they started with."""
        self.classifier, self.candidate = classifier, None

    def drain(self) -> None:
        """Report that the service is about to stop; requests are still answered. Safe to call from a signal handler."""
        self._draining = True

    def offer(self, scan: Slice, prediction: Prediction) -> None:
        """Queue an answered slice as shadow traffic if there is room; may be called from any thread."""
        shadow = self.shadow
        if shadow is not None and len(shadow) < _MAX_SHADOWED and scan.pixels.nbytes <= _MAX_SHADOWED_BYTES:
            shadow.append((scan, prediction))

    async def wait_for_classifier(self) -> Classifier:
        """Return the served model; wait some seconds for one that is loading.

        Raises
        ------
        NotReady
            There is no model, even after the wait.
        """
        deadline = monotonic() + _WAIT_S
        while self.status == "starting" and monotonic() < deadline:  # noqa: ASYNC110  (also a failure ends it)
            await anyio.sleep(_POLL_S)
        return self.require_classifier()

    def require_classifier(self) -> Classifier:
        """Return the served model.

        Raises
        ------
        NotReady
            There is none.
        """
        if self.classifier is not None:
            return self.classifier
        if self.status == "failed":
            raise NotReady("The model could not be loaded. The log states the reason.", _RETRY_FAILED_S)
        raise NotReady(f"The service is {self.status}.", _RETRY_STARTING_S)

    def require_ready(self) -> None:
        """Check that the service wants requests.

        Raises
        ------
        NotReady
            There is no model, or the service is about to stop.
        """
        self.require_classifier()
        if self.status != "ready":
            raise NotReady(f"The service is {self.status}.", _RETRY_STARTING_S)
