"""``tumorscope score``: an archive in, Parquet files of the answers to its studies out."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

if TYPE_CHECKING:
    from tumorscope.inference.engines.choose import EngineChoice


def score(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            help="Folders with their subfolders, ZIP archives and other files of scans, DICOMDIRs; or addresses of "
            "object storage that fsspec knows (s3://bucket/folder), or of DICOMweb (dicomweb+https://archive/dicom-web)."
        ),
    ] = None,
    listed: Annotated[
        Path | None, typer.Option("--list", help="File with further sources, one a line; - for standard input.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder for the answers; run again, it is continued.")] = Path("scores"),
    engine: Annotated[
        Literal["ray", "local"],
        typer.Option(help="ray: on the cluster that RAY_ADDRESS names, or started here. local: in this process."),
    ] = "ray",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Studies that are worked on at the same time; by default one a core.")
    ] = None,
    part_studies: Annotated[int, typer.Option(min=1, help="Most studies in one part of the answers.")] = 10_000,
    study_mib: Annotated[
        int, typer.Option(min=64, help="Most memory to read one study, in MiB; a larger one is listed as a failure.")
    ] = 1024,
    dicom_out: Annotated[
        Path | None,
        typer.Option(help="Folder for DICOM files of the answers: a report, heat maps and a picture of each study."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count and estimate; write nothing.")] = False,
    bundle: Annotated[
        Path | None, typer.Option(envvar="TUMORSCOPE_BUNDLE", help="Folder of the model, or a store.")
    ] = None,
) -> None:
    """Predict from each study of an archive, on Ray; the answers are Parquet tables.

    Studies are what `tumorscope predict` takes for one. Studies that could not be read are in the table of failures.
    Run again after an interruption of any kind, the command goes on: each study is answered once.
    """
    from tumorscope.api.settings import read_settings
    from tumorscope.inference.engines.choose import open_classifier
    from tumorscope.model.bundle import read_bundle
    from tumorscope.model.processor import count_cores
    from tumorscope.model.store import select_bundle
    from tumorscope.presentation.answer import ModelDescription
    from tumorscope.scale.answers import AnswerFolder, read_done
    from tumorscope.scale.score import answer_here, describe_time, estimate
    from tumorscope.scale.score import score as score_all
    from tumorscope.scale.worker import Worker, WorkerPlan

    settings = read_settings()
    paths = _find_sources(
        sources or [], _read_list(listed) if listed else [], [output, *([dicom_out] if dicom_out else [])]
    )
    folder = select_bundle(bundle or settings.bundle).folder.absolute()
    loaded = read_bundle(folder)
    threads = settings.engine_threads or 1
    name = settings.engine
    if name == "auto":
        # Workers do not choose: they all run the same.
        chosen = open_classifier(loaded, name, threads, settings.operating_point)
        name = cast("EngineChoice", chosen.engine.name.split("-")[0])
    objects = str(dicom_out.absolute()) if dicom_out and not dry_run else None
    plan = WorkerPlan(str(folder), loaded.sha256, name, threads, settings.operating_point, study_mib, objects)
    worker = Worker(plan)
    count = workers or max(1, count_cores() // threads)
    if dry_run:
        found = estimate(paths, read_done(output), worker)
        total = describe_time(found.studies * found.study_s / count)
        typer.echo(
            f"{found.files} files, {found.studies} studies without an answer; "
            f"{found.study_s:.2f} s a study, {total} on {count} workers once they have started"
        )
        return
    model = ModelDescription.from_domain(worker.classifier).model_dump(mode="json")
    report = partial(print, file=sys.stderr, flush=True)
    with AnswerFolder.open(output, model, loaded.manifest.class_names) as answers:
        if engine == "local":
            tally = score_all(
                paths, answers, partial(answer_here, worker=worker, threads=count), worker, part_studies, report
            )
        else:
            from tumorscope.scale.on_ray import answer_on_ray, join_cluster

            with join_cluster(count, study_mib) as size:
                on_ray = partial(answer_on_ray, plan=plan, workers=workers or max(1, size // threads))
                tally = score_all(paths, answers, on_ray, worker, part_studies, report)
    report(f"{tally.answered} studies answered, {tally.failed} failed; {len(answers.done)} in {output}")
    if tally.unreadable:
        report(f"{tally.unreadable} could not be opened: another run tries them again.")
    if tally.left:
        why = "their archive did not answer, or their DICOM files could not be written"
        report(f"{tally.left} studies are left: {why}. Run the command again.")
        raise typer.Exit(1)


def _find_sources(named: list[str], listed: list[str], written: list[Path]) -> list[Path]:
    from tumorscope.domain.errors import InvalidRequest
    from tumorscope.scale.sources import name_source

    paths = [name_source(name) for name in [*named, *listed]]
    if not paths:
        raise typer.BadParameter("Name a source, or a list of them.")
    for path in paths[: len(named)]:
        # A mistyped name ends the run here; one of a list is a failure among the others.
        if isinstance(path, Path):
            path.lstat()
    # A run would read what the one before has written, by whatever name. `Path.resolve` raises of a loop of links.
    places = [Path(os.path.realpath(folder)) for folder in written]
    read = [os.path.realpath(path) for path in paths if isinstance(path, Path)]
    if any(place.is_relative_to(path) for place in places for path in read):
        raise InvalidRequest("The folder of --output or --dicom-out lies within a source: name another.")
    return paths


def _read_list(file: Path) -> list[str]:
    content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    return [os.fsdecode(line) for line in content.splitlines() if line]
