"""An archive and a service in, an answer to each new study in the archive out, once, whatever fails on the way."""

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import httpx

from tumorscope import MANUFACTURER
from tumorscope.domain.errors import (
    JobsDamaged,
    PeerError,
    PeerUnavailable,
    StudyRefused,
    StudyTooLarge,
    TumorscopeError,
)
from tumorscope.pacs import service
from tumorscope.pacs.archive import Archive, Series
from tumorscope.pacs.jobs import Jobs, State, Study
from tumorscope.pacs.waits import Log, Waits

# An archive may list what it stored only after a while.
_LISTED_AFTER_S = (0, 0.5, 1, 2, 4, 8)
_LONGEST_PAUSE_S = 60
_NO_SERIES = "archive_lists_no_series"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which series are read.

    Parameters
    ----------
    modality : str
        As DICOM codes it.
    body_parts : set of str
        Of these, in capitals; series that state none are read too.
    stations : set of str
        Of the scanners of these names, in capitals; of all where it is empty.
    description : re.Pattern
        Found in the description of the study or of the series.
    days : int
        Studies that are at most so old by their date; 0 for all.
    """

    modality: str
    body_parts: frozenset[str]
    stations: frozenset[str]
    description: re.Pattern[str]
    days: int


@dataclass(frozen=True, slots=True)
class Watcher:
    """Answers the studies of an archive; one is complete when its number of instances stays for `settle_s`."""

    archive: Archive
    service: httpx.Client
    jobs: Jobs
    filters: Filters
    settle_s: float
    log: Log
    waits: Waits

    def watch(self, poll_s: float) -> None:
        """Ask for new studies every `poll_s` seconds and answer them one by one; it never returns.

        While the archive, the service or the job table is out of reach, or the disk is full, it tries again, after a
        minute at most.
        """
        failures, poll_at = 0, 0.0
        while True:
            try:
                began = time.monotonic()
                if began >= poll_at:
                    self.poll()
                    ended = time.monotonic()
                    # A long list of studies leaves most of the time to answer them.
                    poll_at = ended + max(poll_s, 10 * (ended - began))
                if not self.answer_next():
                    with self.waits.on("jobs"):
                        due_at = self.jobs.find_next_due(self.settle_s)
                    time.sleep(poll_s if due_at is None else min(poll_s, max(0, due_at - time.time())))
                failures = 0
            except PeerError as error:
                failures += 1
                asked_s = error.retry_after_s if isinstance(error, PeerUnavailable) else 0
                pause_s = min(max(asked_s, 2.0**failures), _LONGEST_PAUSE_S)
                self.log("paused", code=error.code, seconds=pause_s, reason=str(error))
                time.sleep(pause_s)

    def poll(self) -> None:
        """Ask the archive for its studies, and note which are new or have grown."""
        days = self.filters.days
        since = (datetime.now(UTC).astimezone() - timedelta(days=days)).strftime("%Y%m%d") if days else None
        with self.waits.on("archive"):
            studies = list(self.archive.find_studies(self.filters.modality, since))
        with self.waits.on("jobs"):
            self.jobs.see(studies, time.time())

    def answer_next(self) -> bool:
        """Answer the study that is due; False where none is.

        Raises
        ------
        PeerUnavailable
            The archive, the service or the job table is out of reach; the study is tried again.
        """
        with self.waits.on("jobs"):
            study = self.jobs.take_due(time.time(), self.settle_s)
            if study is None:
                return False
            began = time.monotonic()
            try:
                self._answer(study, began)
            except StudyRefused as error:
                self.jobs.finish(study, "refused", error.code)
                self.log("study_refused", study=study.number, code=error.code)
            except BaseException:
                # A peer is out of reach, or the watcher is ended. Others go first: perhaps it is this one that the
                # service has no room for.
                with suppress(PeerUnavailable):
                    self.jobs.postpone(study, time.time() + 1)
                raise
        return True

    def _answer(self, study: Study, began: float) -> None:
        try:
            series = [one for one in self._find_series(study) if self._is_wanted(one)]
            source = _identify(series)
            if not series:
                self.jobs.finish(study, "skipped")
            elif source == study.source and self._is_done(study):
                self.jobs.leave(study)
            else:
                study = self.jobs.begin(study, source)
                added = self._store_answer(study, series)
                self.jobs.finish(study, "answered", added=added)
                self.log("study_answered", study=study.number, seconds=round(time.monotonic() - began, 1))
        except (PeerUnavailable, StudyRefused, JobsDamaged):
            raise
        except Exception as error:  # noqa: BLE001  (one study must not end the watcher, which would meet it again)
            # The message of an error that is not ours might quote the study.
            code, reason = (
                (error.code, str(error))
                if isinstance(error, PeerError)
                else (TumorscopeError.code, type(error).__name__)
            )
            # Where no series is listed, the archive may be behind, or the study was deleted.
            at_last: State = "skipped" if code == _NO_SERIES else "failed"
            is_lasting = isinstance(error, StudyTooLarge)
            state = self.jobs.fail(study, code, time.time(), at_last, is_lasting=is_lasting)
            self.log(
                "study_failed", study=study.number, code=code, attempt=study.attempts + 1, state=state, reason=reason
            )

    def _find_series(self, study: Study) -> list[Series]:
        with self.waits.on("archive", study.number):
            series = self.archive.find_series(study.uid)
        if not series:
            raise PeerError("The archive lists no series of the study.", _NO_SERIES)
        return series

    def _is_done(self, study: Study) -> bool:
        """Whether the same images need no work; those of a study that was deleted and sent again lack their results."""
        if study.state == "answered":
            return not self._find_missing(study, study.results)
        return study.state not in {"arriving", "waiting"}

    def _is_wanted(self, series: Series) -> bool:
        filters = self.filters
        return (
            series.modality == filters.modality
            and series.manufacturer != MANUFACTURER
            and (not series.body_part or series.body_part.upper() in filters.body_parts)
            and (not filters.stations or series.station.upper() in filters.stations)
            and any(filters.description.search(text) for text in (series.study_description, series.description))
        )

    def _store_answer(self, study: Study, series: list[Series]) -> int:
        """Have its results in the archive; how many were not there before."""
        # Stored before a restart: the service may have another model by now, whose results have other UIDs.
        if study.results and not self._find_missing(study, study.results):
            return 0
        with self.waits.on("service", study.number):
            objects = service.predict(self.service, self._read(study, series))
        self.jobs.expect(study, objects)
        missing = added = self._find_missing(study, objects)
        if missing:
            with self.waits.on("archive", study.number):
                self.archive.store(study.uid, [objects[uid] for uid in missing])
        for pause_s in _LISTED_AFTER_S:
            time.sleep(pause_s)
            missing = self._find_missing(study, missing)
            if not missing:
                return len(added)
        raise PeerError("The archive does not list what was stored.", "not_stored")

    def _read(self, study: Study, series: list[Series]) -> Iterator[bytes | None]:
        for one in series:
            pieces = self.archive.read_series(study.uid, one)
            while True:
                with self.waits.on("archive", study.number):
                    try:
                        piece = next(pieces)
                    except StopIteration:
                        break
                # Here the service is waited for, which takes it.
                yield piece

    def _find_missing(self, study: Study, instances: Iterable[str]) -> list[str]:
        with self.waits.on("archive", study.number):
            return [uid for uid in instances if not self.archive.holds(study.uid, uid)]


def _identify(series: list[Series]) -> str:
    lines = sorted(f"{one.uid} {one.instance_count}" for one in series)
    return sha256("\n".join(lines).encode()).hexdigest()
