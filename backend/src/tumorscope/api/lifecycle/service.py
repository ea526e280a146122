"""The served model and the one that may follow it: what may be asked, and what /health says."""

from dataclasses import dataclass
from time import monotonic
from typing import Literal

import anyio

from tumorscope.api.lifecycle.shadow import Shadow
from tumorscope.domain.errors import NotReady
from tumorscope.domain.prediction import Prediction
from tumorscope.domain.scan import Slice
from tumorscope.inference.classifier import Classifier

Status = Literal["ready", "starting", "draining", "failed"]
CandidateState = Literal["loading", "shadowing", "refused"]

# A model that loads is waited for: so a proxy may send to a service that has just started.
_WAIT_S = 30.0
_POLL_S = 0.05
_RETRY_STARTING_S = 2
_RETRY_FAILED_S = 60


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that is not served yet, or never will be.

    Parameters
    ----------
    version : str, optional
        None until its manifest is read.
    state : {'loading', 'shadowing', 'refused'}
        ``shadowing``: it answers live slices after the served model, and nobody sees its answers.
    reason : str, optional
        A code; of one that is refused.
    """

    version: str | None
    state: CandidateState
    reason: str | None = None


class Service:
    """What the routes share; `model_watch.watch_model` gives it its model, and the server's end lets it drain."""

    def __init__(self) -> None:
        self.classifier: Classifier | None = None
        self.candidate: Candidate | None = None
        self.shadow: Shadow | None = None
        self._draining = False
        self._started = monotonic()

    @property
    def status(self) -> Status:
        """Requests are welcome when it is ``ready``."""
        if self._draining:
            return "draining"
        if self.classifier is not None:
            return "ready"
        return "failed" if self.failure is not None else "starting"

    @property
    def version(self) -> str | None:
        """Of the model that is served now."""
        return None if self.classifier is None else self.classifier.bundle.manifest.version

    @property
    def failure(self) -> str | None:
        """The code of why there is no model; None where there is one, or one loads."""
        return None if self.classifier is not None or self.candidate is None else self.candidate.reason

    @property
    def uptime_s(self) -> float:
        """Seconds since the service was made."""
        return monotonic() - self._started

    def serve(self, classifier: Classifier) -> None:
        """Answer with this model from now on; requests that have begun keep the one that they began with."""
        self.classifier, self.candidate = classifier, None

    def drain(self) -> None:
        """Say that the service is about to end; what still comes is answered. For a signal's handler: it only notes."""
        self._draining = True

    def offer(self, scan: Slice, prediction: Prediction) -> None:
        """Let a candidate that is tried see a slice that was answered; called from any thread."""
        shadow = self.shadow
        if shadow is not None:
            shadow.offer(scan, prediction)

    async def wait_for_classifier(self) -> Classifier:
        """The served model; one that loads is waited for, for some seconds.

        Raises
        ------
        NotReady
            There is none, and none came.
        """
        deadline = monotonic() + _WAIT_S
        while self.status == "starting" and monotonic() < deadline:  # noqa: ASYNC110  (also a failure ends it)
            await anyio.sleep(_POLL_S)
        return self.require_classifier()

    def require_classifier(self) -> Classifier:
        """The served model.

        Raises
        ------
        NotReady
            It is not loaded and checked.
        """
        if self.classifier is not None:
            return self.classifier
        if self.status == "failed":
            raise NotReady("The model could not be loaded. The operator finds the reason in the log.", _RETRY_FAILED_S)
        raise NotReady(f"The service is {self.status}.", _RETRY_STARTING_S)

    def require_ready(self) -> None:
        """Nothing.

        Raises
        ------
        NotReady
            Requests are not welcome: there is no model, or the service is about to end.
        """
        self.require_classifier()
        if self.status != "ready":
            raise NotReady(f"The service is {self.status}.", _RETRY_STARTING_S)
