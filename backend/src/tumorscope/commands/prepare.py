"""``tumorscope prepare``: a BraTS folder in, a cache that the BraTS recipes train on out."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tumorscope.domain.errors import DatasetError

# With 150 MB a case, so many stay below 1 GiB together.
_MAX_JOBS = 5


def prepare(
    brats: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of BraTS cases, of any year.")],
    output: Annotated[Path, typer.Option(help="Folder of the cache; one that is there is completed.")],
    channels: Annotated[
        str, typer.Option(help="The model's three channels, of flair, t1, t1ce and t2.")
    ] = "flair,t1ce,t2",
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Prepare the others when a case cannot be, and list those at the end.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Cases at the same time; default: one a core, in less than 1 GiB.")
    ] = None,
) -> None:
    """Prepare BraTS cases once: z-scored within the brain, sliced, measured.

    Interrupted, the same command goes on. Cases without a segmentation, as in validation and test parts, are left out.
    """
    from tumorscope.datasets.brats_cache import CacheSettings, claim_cache, is_prepared
    from tumorscope.datasets.brats_layout import find_cases
    from tumorscope.datasets.brats_prepare import prepare_cases

    names = parse_channels(channels)
    found = find_cases(brats)
    labelled = [case for case in found if case.is_labelled]
    if not labelled:
        raise DatasetError(f"No case of {brats} has a segmentation: there is nothing to learn from.")
    claim_cache(output, CacheSettings(channels=names))
    waiting = [case for case in labelled if not is_prepared(output, case.name)]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("preparing", total=len(labelled), completed=len(labelled) - len(waiting))
        problems = prepare_cases(
            waiting,
            names,
            output,
            jobs or min(os.cpu_count() or 1, _MAX_JOBS),
            lambda: progress.advance(task),
            keep_going=keep_going,
        )
    outcome = (
        f"{len(labelled) - len(problems)} cases are prepared in {output}, {len(problems)} cannot be; "
        f"{len(found) - len(labelled)} without a segmentation were left out."
    )
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(*problems, outcome, sep="\n")
    if problems:
        raise typer.Exit(1)


def parse_channels(text: str) -> tuple[str, ...]:
    """``flair,t1ce,t2`` as a tuple.

    Raises
    ------
    DatasetError
        It does not name three different modalities.
    """
    from tumorscope.imaging.series.brats_case import SEQUENCES

    names = tuple(name.strip() for name in text.split(","))
    if len(set(names)) != 3 or len(names) != 3 or not set(names) <= set(SEQUENCES):
        raise DatasetError(f"--channels takes three of {', '.join(SEQUENCES)}, with commas between; not {text!r}.")
    return names
