"""``tumorscope split``: a data set in, files that say who is held out out."""

from pathlib import Path
from typing import Annotated

import typer

from tumorscope.domain.errors import DatasetError


def split(
    data: Annotated[Path, typer.Argument(help="A CSV, a folder with slices.csv, class folders, or prepared BraTS.")],
    output: Annotated[Path, typer.Option(help="Folder of the split files.")],
    folds: Annotated[int | None, typer.Option(min=2, help="Hold out every patient once, in so many splits.")] = None,
    leave_out: Annotated[str | None, typer.Option(help="Hold out this source, all of it.")] = None,
    seed: Annotated[int, typer.Option(help="Of the folds; the same seed gives the same.")] = 20,
) -> None:
    """Write split files for `tumorscope train --split`: one for each of --folds, or one that leaves a source out."""
    from tumorscope.datasets.discover import discover_examples  # noqa: PLC0415
    from tumorscope.datasets.splits import fold_by_patient, leave_source_out, write_split  # noqa: PLC0415

    examples = discover_examples(data)
    if folds is not None and leave_out is None:
        parted = fold_by_patient(examples, folds, seed)
        splits = {f"fold-{number}": one for number, one in enumerate(parted, 1)}
    elif leave_out is not None and folds is None:
        splits = {f"without-{leave_out}": leave_source_out(examples, leave_out)}
    else:
        raise DatasetError("Say either --folds or --leave-out.")
    output.mkdir(parents=True, exist_ok=True)
    for name, one in splits.items():
        write_split(one, output / f"{name}.json")
        typer.echo(f"{output / name}.json: {len(one.training)} for training, {len(one.validation)} held out")
