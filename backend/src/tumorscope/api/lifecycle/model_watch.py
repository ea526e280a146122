"""A bundle's folder or a store in; the service answers with what it holds now, and will hold later, without a pause."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from anyio import to_thread

from tumorscope.api.lifecycle.service import Candidate, Service
from tumorscope.api.lifecycle.shadow import Shadow, ShadowFigures, ShadowPlan, answers_alike
from tumorscope.api.monitoring.logs import log_event
from tumorscope.domain.errors import AnswerNotFinite, BundleInvalid, GoldenMismatch, ModelError
from tumorscope.inference.classifier import Classifier, check_golden_answers
from tumorscope.model.bundle import Bundle, read_bundle
from tumorscope.model.store import CURRENT_FILE, SelectedBundle, select_bundle

_POLL_S = 1.0
# Without a model, what could not be loaded is tried again: a full memory or a lost disk may have come back.
_RETRY_S = 30.0
# While requests wait, the candidate is shown a slice only so often.
_BUSY_PAUSE_S = 1.0
_IDLE_POLL_S = 0.05

_REASONS: dict[type[Exception], str] = {
    BundleInvalid: "bundle_invalid",
    GoldenMismatch: "golden_mismatch",
    AnswerNotFinite: "answer_not_finite",
}
_OTHER_REASON = "load_failed"
_SHADOW_REASON = "shadow_failed"


@dataclass(frozen=True, slots=True)
class WatchedPlace:
    """Where the model comes from, how it is opened, and how a new one is tried.

    Parameters
    ----------
    place : Path
        A bundle's folder or a store; only read.
    open_classifier : callable
        Gives a classifier of a bundle, or raises `ModelError`.
    plan : ShadowPlan
        How much of the live requests a new model sees before it serves.
    is_idle : callable
        Whether no request waits or is worked on.
    """

    place: Path
    open_classifier: Callable[[Bundle], Classifier]
    plan: ShadowPlan
    is_idle: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class _Sight:
    """What lies there: which bundle is selected; path, time, size and identity of its files and of the store's."""

    selected: SelectedBundle | None
    files: tuple[tuple[str, int, int, int], ...]


async def watch_model(service: Service, watched: WatchedPlace) -> None:
    """Load the model, and every one that takes its place, until cancelled.

    Parameters
    ----------
    service : Service
        Is given each model that reproduced its golden answers and, where another is served, answered live slices. One
        that does not is refused, and what is served goes on.
    watched : WatchedPlace
        What is watched, once a second.
    """
    tried = seen = await to_thread.run_sync(_look, watched.place)
    attempt = _Attempt(service, watched, tried)
    try:
        while True:
            await asyncio.sleep(_POLL_S)
            before, seen = seen, await to_thread.run_sync(_look, watched.place)
            # A bundle that is being copied is left alone until nothing of it changes any more.
            if seen != before or (seen == tried and not attempt.may_be_repeated()):
                continue
            await attempt.stop()
            tried, attempt = seen, _Attempt(service, watched, seen)
    finally:
        await attempt.stop()


class _Attempt:
    """One model on its way to be served; begins at once."""

    def __init__(self, service: Service, watched: WatchedPlace, sight: _Sight) -> None:
        self._service = service
        self._watched = watched
        self._sight = sight
        self._stopped = False
        self._begun = monotonic()
        self._task = asyncio.create_task(self._run())

    def may_be_repeated(self) -> bool:
        """Whether it failed some time ago, and nothing is served."""
        return self._task.done() and self._service.classifier is None and monotonic() - self._begun >= _RETRY_S

    async def stop(self) -> None:
        """End it; what a thread does for it cannot be ended and is waited for."""
        self._stopped = True
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        self._service.candidate = Candidate(None, "loading")
        served = self._service.classifier
        try:
            bundle = await to_thread.run_sync(self._read)
            if served is not None and served.bundle.sha256 == bundle.sha256:
                self._service.candidate = None
                return
            self._service.candidate = Candidate(bundle.manifest.version, "loading")
            classifier = await to_thread.run_sync(self._open, bundle)
        except Exception as error:  # noqa: BLE001  (whatever it is, the service must say so and go on)
            self._refuse(error, _REASONS.get(type(error), _OTHER_REASON))
            return
        trusted = self._sight.selected is not None and self._sight.selected.rolled_back
        figures = ShadowFigures()
        if served is not None and not trusted and self._watched.plan.slices:
            try:
                figures = await self._try_on_live_slices(classifier)
            except Exception as error:  # noqa: BLE001  (a model that fails in any way must not serve)
                self._refuse(error, _SHADOW_REASON)
                return
        if not self._stopped:
            self._serve(classifier, figures)

    def _read(self) -> Bundle:
        selected = self._sight.selected or select_bundle(self._watched.place)
        return read_bundle(selected.folder)

    def _open(self, bundle: Bundle) -> Classifier:
        classifier = self._watched.open_classifier(bundle)
        check_golden_answers(classifier)
        return classifier

    async def _try_on_live_slices(self, classifier: Classifier) -> ShadowFigures:
        self._service.candidate = Candidate(classifier.bundle.manifest.version, "shadowing")
        plan, shadow = self._watched.plan, Shadow()
        self._service.shadow = shadow
        deadline, shown = monotonic() + plan.limit_s, 0.0
        compared = agreed = 0
        try:
            while compared < plan.slices and monotonic() < deadline and not self._stopped:
                may_run = self._watched.is_idle() or monotonic() - shown >= _BUSY_PAUSE_S
                answered = shadow.take() if may_run else None
                if answered is None:
                    await asyncio.sleep(_IDLE_POLL_S)
                    continue
                shown = monotonic()
                agreed += await to_thread.run_sync(answers_alike, classifier, *answered)
                compared += 1
        finally:
            self._service.shadow = None
        return ShadowFigures(compared, agreed)

    def _serve(self, classifier: Classifier, figures: ShadowFigures) -> None:
        before, manifest, engine = self._service.version, classifier.bundle.manifest, classifier.engine.name
        self._service.serve(classifier)
        if before is None:
            log_event("ready", model=manifest.name, version=manifest.version, engine=engine)
            return
        log_event(
            "model_changed",
            model=manifest.name,
            version=manifest.version,
            engine=engine,
            version_before=before,
            live_slices=figures.compared,
            decided_alike=figures.agreed,
        )

    def _refuse(self, error: Exception, reason: str) -> None:
        candidate = self._service.candidate
        version = None if candidate is None else candidate.version
        self._service.candidate = Candidate(version, "refused", reason)
        # The message of any other error may quote what was sent.
        said = str(error) if isinstance(error, ModelError) else type(error).__name__
        trace = None if isinstance(error, ModelError) else error
        log_event("model_refused", logging.ERROR, error=trace, version=version, code=reason, reason=said)


def _look(place: Path) -> _Sight:
    """Never raises: what cannot be read is told apart by being read again, when it is tried."""
    try:
        selected = select_bundle(place)
        paths = [*selected.folder.iterdir(), *place.glob(CURRENT_FILE)]
        states = [(str(path), path.stat()) for path in paths]
    except (ModelError, OSError):
        return _Sight(None, ())
    return _Sight(selected, tuple(sorted((name, one.st_mtime_ns, one.st_size, one.st_ino) for name, one in states)))
