"""A bundle or a store of bundles in; the service answers with its current model and follows its changes."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from anyio import to_thread

from tumorscope.api.lifecycle.service import Candidate, Service
from tumorscope.api.monitoring.logs import log_event
from tumorscope.domain.errors import AnswerNotFinite, BundleInvalid, GoldenMismatch, InputError, ModelError
from tumorscope.domain.prediction import Prediction
from tumorscope.domain.scan import Slice
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.golden import check_golden_answers
from tumorscope.inference.pipeline import predict_scan
from tumorscope.model.bundle import Bundle, read_bundle
from tumorscope.model.store import CURRENT_FILE, SelectedBundle, select_bundle

_POLL_S = 1.0
# While no model is served, a failed load is repeated: memory or a disk may be available again.
_RETRY_S = 30.0
# While requests are queued, the candidate runs at most this often.
_BUSY_PAUSE_S = 1.0
_IDLE_POLL_S = 0.05

_REASONS: dict[type[Exception], str] = {
    BundleInvalid: "bundle_invalid",
    GoldenMismatch: "golden_mismatch",
    AnswerNotFinite: "answer_not_finite",
}


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where models come from, how they are opened, and how a new one is validated.

    Parameters
    ----------
    path : Path
        A bundle or a store; only read.
    open_classifier : callable
        Opens a bundle, or raises `ModelError`.
    shadow_slices, shadow_s : int
        Live slices that a candidate answers before it serves, and for how many seconds at most.
    is_idle : callable
        Whether no request is queued or in flight.
    """

    path: Path
    open_classifier: Callable[[Bundle], Classifier]
    shadow_slices: int
    shadow_s: int
    is_idle: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The selected bundle; path, time, size and inode of its files and of the store's."""

    selected: SelectedBundle | None
    files: tuple[tuple[str, int, int, int], ...]


async def watch_model(service: Service, source: ModelSource) -> None:
    """Load the model, and each one that replaces it, until cancelled.

    Parameters
    ----------
    service : Service
        Is given each model that reproduces its golden answers and passes its shadow traffic. A model that does not is
        refused, and the served one continues.
    source : ModelSource
        Read once a second.
    """
    attempted = snapshot = await to_thread.run_sync(_take_snapshot, source.path)
    rollout = _Rollout(service, source, attempted)
    try:
        while True:
            await asyncio.sleep(_POLL_S)
            before, snapshot = snapshot, await to_thread.run_sync(_take_snapshot, source.path)
            # A bundle that is still being copied is left alone until it has stopped changing.
            if snapshot != before or (snapshot == attempted and not rollout.should_retry()):
                continue
            await rollout.stop()
            attempted, rollout = snapshot, _Rollout(service, source, snapshot)
    finally:
        await rollout.stop()


class _Rollout:
    """The steps of one model from its files to serving; starts at once."""

    def __init__(self, service: Service, source: ModelSource, snapshot: _Snapshot) -> None:
        self._service = service
        self._source = source
        self._snapshot = snapshot
        self._stopped = False
        self._started = monotonic()
        self._task = asyncio.create_task(self._run())

    def should_retry(self) -> bool:
        """Whether it failed some time ago and no model is served."""
        return self._task.done() and self._service.classifier is None and monotonic() - self._started >= _RETRY_S

    async def stop(self) -> None:
        """Stop it, after the step that a thread is working on."""
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
        except Exception as error:  # noqa: BLE001  (whatever it is, the service must report it and continue)
            self._refuse(error, _REASONS.get(type(error), "load_failed"))
            return
        is_rollback = self._snapshot.selected is not None and self._snapshot.selected.rolled_back
        compared = agreed = 0
        if served is not None and not is_rollback and self._source.shadow_slices:
            try:
                compared, agreed = await self._run_shadow(classifier)
            except Exception as error:  # noqa: BLE001  (a model that fails in any way must not serve)
                self._refuse(error, "shadow_failed")
                return
        if not self._stopped:
            self._serve(classifier, compared, agreed)

    def _read(self) -> Bundle:
        selected = self._snapshot.selected or select_bundle(self._source.path)
        return read_bundle(selected.folder)

    def _open(self, bundle: Bundle) -> Classifier:
        classifier = self._source.open_classifier(bundle)
        check_golden_answers(classifier)
        return classifier

    async def _run_shadow(self, classifier: Classifier) -> tuple[int, int]:
        """How many slices both models answered, and on how many they agreed."""
        self._service.candidate = Candidate(classifier.bundle.manifest.version, "shadowing")
        shadow: deque[tuple[Slice, Prediction]] = deque()
        self._service.shadow = shadow
        deadline, last_run = monotonic() + self._source.shadow_s, 0.0
        compared = agreed = 0
        try:
            while compared < self._source.shadow_slices and monotonic() < deadline and not self._stopped:
                may_run = self._source.is_idle() or monotonic() - last_run >= _BUSY_PAUSE_S
                if not (shadow and may_run):
                    await asyncio.sleep(_IDLE_POLL_S)
                    continue
                last_run = monotonic()
                agreed += await to_thread.run_sync(_answers_alike, classifier, *shadow.popleft())
                compared += 1
        finally:
            self._service.shadow = None
        return compared, agreed

    def _serve(self, classifier: Classifier, compared: int, agreed: int) -> None:
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
            live_slices=compared,
            decided_alike=agreed,
        )

    def _refuse(self, error: Exception, reason: str) -> None:
        candidate = self._service.candidate
        version = None if candidate is None else candidate.version
        self._service.candidate = Candidate(version, "refused", reason)
        # The message of any other error may quote what was sent.
        message = str(error) if isinstance(error, ModelError) else type(error).__name__
        trace = None if isinstance(error, ModelError) else error
        log_event("model_refused", logging.ERROR, error=trace, version=version, code=reason, reason=message)


def _answers_alike(candidate: Classifier, scan: Slice, served: Prediction) -> bool:
    """Whether the candidate decides as the served model did; not if it takes another kind of input, which it may."""
    try:
        prediction = predict_scan(candidate, scan).prediction
    except InputError:
        return False
    return (prediction.decision, prediction.label) == (served.decision, served.label)


def _take_snapshot(path: Path) -> _Snapshot:
    """Never raises: a path that cannot be read is read again by the roll-out, which reports why."""
    try:
        selected = select_bundle(path)
        paths = [*selected.folder.iterdir(), *path.glob(CURRENT_FILE)]
        states = [(str(one), one.stat()) for one in paths]
    except (ModelError, OSError):
        return _Snapshot(None, ())
    return _Snapshot(selected, tuple(sorted((name, one.st_mtime_ns, one.st_size, one.st_ino) for name, one in states)))
