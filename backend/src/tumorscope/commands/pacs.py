"""``tumorscope pacs``: an archive in, an answer to each of its studies in the same archive out."""

import faulthandler
import json
import logging
import re
import signal
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from tumorscope.domain.errors import SetupInvalid

app = typer.Typer(help="Answer the studies of an archive (PACS) that speaks DICOMweb.", no_args_is_help=True)

# Docker kills after ten seconds.
_GIVE_UP_S = 8
_DEFAULT_JOBS = "tumorscope-pacs.sqlite"
_JobsPlace = Annotated[
    str,
    typer.Option(
        "--jobs",
        envvar="TUMORSCOPE_PACS_JOBS",
        help="What keeps what is done: a file (SQLite), or a database at postgresql://USER@HOST/NAME.",
    ),
]
_Secret = Path | None


@app.command()
def watch(
    dicomweb: Annotated[
        str, typer.Option(envvar="TUMORSCOPE_PACS_DICOMWEB", help="Address of the archive's DICOMweb.")
    ],
    jobs: _JobsPlace = _DEFAULT_JOBS,
    service: Annotated[
        str, typer.Option(envvar="TUMORSCOPE_PACS_SERVICE", help="Address of the service that predicts.")
    ] = "http://127.0.0.1:8000",
    login: Annotated[
        _Secret, typer.Option(envvar="TUMORSCOPE_PACS_LOGIN", help="File with USER:PASSWORD for the archive.")
    ] = None,
    token: Annotated[
        _Secret, typer.Option(envvar="TUMORSCOPE_PACS_TOKEN", help="File with a bearer token for the archive.")
    ] = None,
    api_key: Annotated[
        _Secret, typer.Option(envvar="TUMORSCOPE_PACS_API_KEY", help="File with a key of the service.")
    ] = None,
    modality: Annotated[
        str, typer.Option(envvar="TUMORSCOPE_PACS_MODALITY", help="Series of this modality are read.")
    ] = "MR",
    body_part: Annotated[
        list[str],
        typer.Option(
            envvar="TUMORSCOPE_PACS_BODY_PART", help="Series of these body parts are read, and those that state none."
        ),
    ] = ["HEAD", "BRAIN", "SKULL"],  # noqa: B006  (typer's form)
    station: Annotated[
        list[str],
        typer.Option(
            envvar="TUMORSCOPE_PACS_STATION", help="Series of the scanners of these names are read; by default of all."
        ),
    ] = [],  # noqa: B006
    description: Annotated[
        str,
        typer.Option(
            envvar="TUMORSCOPE_PACS_DESCRIPTION",
            help="Regular expression that the description of the study or series contains.",
        ),
    ] = "",
    days: Annotated[
        int,
        typer.Option(
            min=0,
            max=36_500,
            envvar="TUMORSCOPE_PACS_DAYS",
            help="Studies of the last days are read, by their date; of all: 0.",
        ),
    ] = 7,
    settle_s: Annotated[
        float,
        typer.Option(
            min=0,
            envvar="TUMORSCOPE_PACS_SETTLE_S",
            help="A study to which no instance was added for so long is complete.",
        ),
    ] = 60,
    poll_s: Annotated[float, typer.Option(min=0.1, help="The archive is asked again after so long.")] = 2,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65_535,
            envvar="TUMORSCOPE_PACS_METRICS_PORT",
            help="Port of metrics for Prometheus; by default there are none.",
        ),
    ] = None,
    metrics_host: Annotated[
        str, typer.Option(envvar="TUMORSCOPE_PACS_METRICS_HOST", help="Address of this machine for the metrics.")
    ] = "127.0.0.1",
) -> None:
    """Find new studies, ask the service for predictions, and store report, heat maps and picture in the archive.

    It runs until it is ended (Ctrl-C, SIGTERM), at any time: what was not finished is done at the next start, and
    nothing twice. Images are passed on, and not kept. The log, in JSON, tells nothing of a patient.
    """
    from tumorscope.api.monitoring.logs import configure_logs, log_event
    from tumorscope.pacs.archive import Archive
    from tumorscope.pacs.jobs import Jobs
    from tumorscope.pacs.metrics import WatcherMetrics
    from tumorscope.pacs.peers import authorize_by_file, open_client
    from tumorscope.pacs.waits import Waits
    from tumorscope.pacs.watch import Filters, Watcher

    if login is not None and token is not None:
        raise SetupInvalid("--login and --token exclude each other.")
    try:
        pattern = re.compile(description, re.IGNORECASE)
    except re.error as error:
        raise SetupInvalid(f"--description: {error}.") from error
    archive_secret = login or token
    authorize = archive_secret and authorize_by_file(archive_secret, "Basic" if login else "Bearer")
    filters = Filters(
        modality=modality,
        body_parts=frozenset(part.upper() for part in body_part),
        stations=frozenset(name.upper() for name in station),
        description=pattern,
        days=days,
    )
    configure_logs("INFO")
    # It logs the address of every request, which has the UID of a study.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with (
        open_client(dicomweb, authorize or None) as archive,
        open_client(service, authorize_by_file(api_key, "Bearer") if api_key else None) as predicting,
        Jobs(jobs) as table,
        table.hold(),
    ):
        metrics = WatcherMetrics(jobs)
        if metrics_port is not None:
            metrics.serve(metrics_host, metrics_port)

        def note(event: str, **fields: Any) -> None:  # noqa: ANN401  (as the log takes them)
            metrics.count(event, **fields)
            log_event(event, **fields)

        # The study in work is given back. The first process of a container ignores SIGTERM otherwise.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _end)
        note("watching")
        try:
            with Waits(note) as waits:
                Watcher(Archive(archive), predicting, table, filters, settle_s, note, waits).watch(poll_s)
        except KeyboardInterrupt:
            note("ended")


def _end(*_: object) -> None:
    """End in order; or, where something keeps it from that, say where it stands, and end at once.

    Nothing is lost then: what was not finished is done at the next start.
    """
    faulthandler.dump_traceback_later(_GIVE_UP_S, exit=True)
    raise KeyboardInterrupt


@app.command()
def status(
    jobs: _JobsPlace = _DEFAULT_JOBS,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Print how many studies are in which state, how long the oldest waits, and those that failed, with their UIDs."""
    from tumorscope.pacs.jobs import open_jobs

    with open_jobs(jobs) as table:
        counted, oldest, failed = table.count(), table.find_oldest_open(), table.find_failed()
    waits_s = None if oldest is None else round(time.time() - oldest)
    if as_json:
        failures = [{"study": one.number, "uid": one.uid, "code": one.code} for one in failed]
        typer.echo(json.dumps({"studies": counted, "oldest_open_s": waits_s, "failed": failures}))
        return
    for state, count in counted.items():
        typer.echo(f"{state:<9} {count}")
    if waits_s is not None:
        typer.echo(f"the oldest that is open waits for {waits_s} s")
    for study in failed:
        typer.echo(f"study {study.number} failed, {study.code}: {study.uid}")


@app.command()
def retry(jobs: _JobsPlace = _DEFAULT_JOBS) -> None:
    """Try the studies again that failed for good."""
    from tumorscope.pacs.jobs import open_jobs

    with open_jobs(jobs) as table:
        typer.echo(f"{table.retry_failed()} studies are due again")
