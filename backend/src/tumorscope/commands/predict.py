"""``tumorscope predict``: files and folders in, a prediction of each study out."""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tumorscope.commands.prediction_output import WRITERS, describe_failures
from tumorscope.commands.results_file import ResultsFile

if TYPE_CHECKING:
    from tumorscope.imaging.decoder_pool import DecoderPool
    from tumorscope.inference.classifier import Classifier
    from tumorscope.inference.pipeline import Explain


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
    from tumorscope.api.settings import read_settings
    from tumorscope.imaging.decoder_pool import DecoderPool
    from tumorscope.imaging.series.study_files import is_outside_series
    from tumorscope.inference.engines.choose import open_classifier
    from tumorscope.model.bundle import read_bundle
    from tumorscope.model.store import select_bundle
    from tumorscope.presentation.answer import ModelDescription

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
    from tumorscope.imaging.series.study_files import count_files, find_studies
    from tumorscope.scale.in_threads import answer_in_threads

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Where nobody looks at a bar, the files need not be counted.
    is_seen = sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), disable=not is_seen) as progress:
        task = progress.add_task("predicting", total=count_files(paths) if is_seen else None)
        studies = find_studies(paths, is_done, lambda _file: progress.advance(task))
        for files, row in answer_in_threads(studies, answer, jobs):
            progress.advance(task, len(files))
            yield row


def _answer(
    classifier: "Classifier", decoders: "DecoderPool", series: str | None, dicom_out: Path | None, files: list[Path]
) -> dict[str, Any]:
    """The contract's answer, or what is wrong with the files, beside their names."""
    from tumorscope.presentation.from_disk import describe_failure, predict_files
    from tumorscope.results.files import write_objects

    names = [str(file) for file in files]
    explain: Explain = "none" if dicom_out is None else "heatmap"
    try:
        result, answer = predict_files(classifier, decoders, files, series=series, explain=explain, every_slice=True)
        row = {"files": names, **answer.model_dump(mode="json")}
        return row if dicom_out is None else {**row, "dicom_files": write_objects(result, answer, dicom_out)}
    except Exception as error:  # noqa: BLE001  (one file of a million must not end the run)
        return {"files": names, "error": describe_failure(error)}
