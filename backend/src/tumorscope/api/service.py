"""The served model: loaded in the background, and whether it may be asked."""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Literal

from anyio import to_thread

from tumorscope.api.logs import log_event
from tumorscope.domain.errors import ModelError, NotReady
from tumorscope.inference.classifier import Classifier, check_golden_answers

Status = Literal["ready", "starting", "draining", "failed"]

_RETRY_STARTING_S = 2
_RETRY_FAILED_S = 60


class Service:
    """What the routes share; it changes from ``starting`` to ``ready`` or ``failed``, and at the end to ``draining``.

    Parameters
    ----------
    load : callable
        Gives a classifier or raises `ModelError`; called once, in a thread.
    """

    def __init__(self, load: Callable[[], Classifier]) -> None:
        self.classifier: Classifier | None = None
        self._failed = False
        self._draining = False
        self._load = load
        self._started = monotonic()

    @property
    def status(self) -> Status:
        """Requests are welcome when it is ``ready``."""
        if self._draining:
            return "draining"
        if self.classifier is not None:
            return "ready"
        return "failed" if self._failed else "starting"

    @property
    def uptime_s(self) -> float:
        """Seconds since the service was made."""
        return monotonic() - self._started

    async def start(self) -> None:
        """Load the model, have it reproduce its golden answers, and only then be ready."""
        try:
            classifier = await to_thread.run_sync(self._load_checked)
        except ModelError as error:
            self._failed = True
            log_event("model_refused", logging.ERROR, reason=str(error))
            return
        except Exception as error:  # noqa: BLE001  (whatever it is, the service must say that it failed)
            self._failed = True
            log_event("model_load_failed", logging.ERROR, error=error)
            return
        self.classifier = classifier
        manifest = classifier.bundle.manifest
        log_event("ready", model=manifest.name, version=manifest.version, engine=classifier.engine.name)

    def drain(self) -> None:
        """Say that the service is about to end; what still comes is answered. For a signal's handler: it only notes."""
        self._draining = True

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

    def _load_checked(self) -> Classifier:
        classifier = self._load()
        check_golden_answers(classifier)
        return classifier
