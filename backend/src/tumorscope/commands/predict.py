"""``tumorscope predict``: files and folders in, a prediction of each study out."""

import os
import stat
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tumorscope.commands.prediction_output import WRITERS, describe_failures
from tumorscope.commands.results_file import ResultsFile
from tumorscope.domain.errors import (
    ExpandsTooMuch,
    NoDicomOrigin,
    NoFile,
    NothingToReport,
    TumorscopeError,
    UnsupportedFormat,
)

if TYPE_CHECKING:
    from tumorscope.imaging.decoder_pool import DecoderPool
    from tumorscope.inference.classifier import Classifier
    from tumorscope.inference.pipeline import StudyPrediction
    from tumorscope.presentation.answer import PredictionAnswer

# Studies that are read ahead of the one that is written next, for each job.
_AHEAD = 2


def predict(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Pictures, DICOM, NIfTI, ZIP archives, a DICOMDIR, or folders of these."),
    ],
    output: Annotated[
        Literal["table", "json", "csv", "ndjson"],
        typer.Option("--format", help="Of what is written to standard output."),
    ] = "table",
    results: Annotated[
        Path | None,
        typer.Option(help="NDJSON file that each answer is kept in; run again, files that it holds are not read."),
    ] = None,
    dicom_out: Annotated[
        Path | None,
        typer.Option(help="Folder for DICOM files of the answers: a report, heat maps and a picture of each study."),
    ] = None,
    series: Annotated[str | None, typer.Option(help="UID of the DICOM series to read; other files are not.")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Studies that are worked on at the same time.")] = 2,
    bundle: Annotated[
        Path | None, typer.Option(envvar="TUMORSCOPE_BUNDLE", help="Folder of the model, or a store.")
    ] = None,
) -> None:
    """Predict from each study among files and folders; a bad one is listed and the others go on.

    One study is a picture, a NIfTI volume, a ZIP, the files of one DICOM series in one folder, or the volumes of one
    BraTS case in one folder. DICOM files are made of answers to DICOM images, but not of refusals; in NDJSON and JSON,
    `dicom_files` names them. Exit status 1 when a study could not be read, or a folder holds none.
    """
    from tumorscope.api.settings import read_settings  # noqa: PLC0415  (the other commands start without these)
    from tumorscope.imaging.decoder_pool import DecoderPool  # noqa: PLC0415
    from tumorscope.imaging.series.study_files import is_outside_series  # noqa: PLC0415
    from tumorscope.inference.engines.choose import open_classifier  # noqa: PLC0415
    from tumorscope.model.bundle import read_bundle  # noqa: PLC0415
    from tumorscope.model.store import select_bundle  # noqa: PLC0415
    from tumorscope.presentation.answer import ModelDescription  # noqa: PLC0415

    settings = read_settings()
    loaded = read_bundle(select_bundle(bundle or settings.bundle).folder)
    classifier = open_classifier(loaded, settings.engine, settings.engine_threads, settings.operating_point)
    model = ModelDescription.from_domain(classifier).model_dump(mode="json")
    with ResultsFile.open(results, model) as kept, DecoderPool() as decoders:
        answer = partial(_answer, classifier, decoders, series, dicom_out)

        def is_left_out(file: Path) -> bool:
            return kept.is_done(file) or (series is not None and is_outside_series(file, series))

        for row in _answer_all(paths, is_left_out, answer, jobs):
            kept.add(row)
        WRITERS[output](kept.read(), list(loaded.manifest.class_names), model)
        failures = describe_failures(kept.read())
    if failures:
        Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print("\n".join(failures))
        raise typer.Exit(1)


def _answer_all(
    paths: list[Path],
    is_done: Callable[[Path], bool],
    answer: Callable[[list[Path]], dict[str, Any]],
    jobs: int,
) -> Iterator[dict[str, Any]]:
    """The answers in the order of the studies, of which few are in memory at one time."""
    from tumorscope.imaging.series.study_files import count_files, find_studies  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Where nobody looks at a bar, the files need not be counted.
    is_seen = sys.stderr.isatty()
    with (
        Progress(*columns, console=Console(stderr=True), disable=not is_seen) as progress,
        ThreadPoolExecutor(jobs) as threads,
    ):
        task = progress.add_task("predicting", total=count_files(paths) if is_seen else None)
        waiting: deque[tuple[list[Path], Future[dict[str, Any]]]] = deque()

        def finish_first() -> dict[str, Any]:
            files, future = waiting.popleft()
            row = future.result()
            progress.advance(task, len(files))
            return row

        try:
            for files in find_studies(paths, is_done, lambda _file: progress.advance(task)):
                waiting.append((files, threads.submit(answer, files)))
                if len(waiting) >= jobs * _AHEAD:
                    yield finish_first()
            while waiting:
                yield finish_first()
        except BaseException:
            # What has not begun does not begin any more.
            threads.shutdown(wait=False, cancel_futures=True)
            raise


def _answer(
    classifier: "Classifier", decoders: "DecoderPool", series: str | None, dicom_out: Path | None, files: list[Path]
) -> dict[str, Any]:
    """The contract's answer, or what is wrong with the files, beside their names."""
    names = [str(file) for file in files]
    try:
        return {"files": names, **_predict(classifier, decoders, series, dicom_out, files)}
    except TumorscopeError as error:
        return {"files": names, "error": {"code": error.code, "detail": str(error)}}
    except OSError as error:
        return {"files": names, "error": {"code": "unreadable", "detail": os.strerror(error.errno or 0)}}
    except Exception as error:  # noqa: BLE001  (one file of a million must not end the run)
        return {"files": names, "error": {"code": TumorscopeError.code, "detail": type(error).__name__}}


def _predict(
    classifier: "Classifier", decoders: "DecoderPool", series: str | None, dicom_out: Path | None, files: list[Path]
) -> dict[str, Any]:
    from tumorscope.imaging.decode import sniff_upload  # noqa: PLC0415
    from tumorscope.imaging.source import FROM_DISK, SourceFile  # noqa: PLC0415
    from tumorscope.inference.pipeline import StepTimes, predict_upload  # noqa: PLC0415
    from tumorscope.presentation.answer import present  # noqa: PLC0415

    states = [file.stat() for file in files]
    if stat.S_ISDIR(states[0].st_mode):
        # Raises where the folder cannot be opened.
        next(files[0].iterdir(), None)
        raise NoFile("The folder holds no scan. Name the folder of a series.")
    if not all(stat.S_ISREG(one.st_mode) for one in states):
        raise UnsupportedFormat("Neither a regular file nor a folder. Name the file of a scan.")
    if sum(one.st_size for one in states) > FROM_DISK.expanded_bytes:
        raise ExpandsTooMuch(f"The study is larger than {FROM_DISK.expanded_bytes // 2**30} GiB. Name a single series.")
    upload = sniff_upload([SourceFile(file.name, file.read_bytes()) for file in files], series)
    times = StepTimes()
    decode = partial(decoders.decode, limits=FROM_DISK)
    result = predict_upload(classifier, upload, decode, times.add, explain="none" if dicom_out is None else "heatmap")
    answer = present(result, classifier, upload.hash(), times, every_slice=True, with_picture=False)
    row = answer.model_dump(mode="json")
    return row if dicom_out is None else {**row, "dicom_files": _write_objects(result, answer, dicom_out)}


def _write_objects(result: "StudyPrediction", answer: "PredictionAnswer", folder: Path) -> list[str]:
    """Write the DICOM objects of an answer, and name them; none of a refusal, and of other formats."""
    from tumorscope.results.objects import make_objects  # noqa: PLC0415

    try:
        objects = make_objects(result, answer)
    except (NothingToReport, NoDicomOrigin):
        return []
    folder.mkdir(parents=True, exist_ok=True)
    for uid, data in objects.items():
        # Complete, or not there; copies of a series, answered side by side, make objects of the same name.
        unfinished = folder / f"{uid}.{threading.get_ident()}.part"
        unfinished.write_bytes(data)
        unfinished.replace(folder / f"{uid}.dcm")
    return [f"{uid}.dcm" for uid in objects]
