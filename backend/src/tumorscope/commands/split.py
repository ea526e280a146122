"""``tumorscope split``: a data set in, files that say who is held out out."""

from pathlib import Path
from typing import Annotated

import typer

from tumorscope.domain.errors import DatasetError

_SHARE = 0.2


def split(
    data: Annotated[Path, typer.Argument(help="A CSV, a folder with slices.csv, class folders, or prepared BraTS.")],
    output: Annotated[Path, typer.Option(help="Folder of the split files.")],
    folds: Annotated[int | None, typer.Option(min=2, help="Hold out every patient once, in so many splits.")] = None,
    leave_out: Annotated[str | None, typer.Option(help="Hold out this source, all of it.")] = None,
    extend: Annotated[
        Path | None, typer.Option(help="Keep this split, and hold out a fifth of the patients of each source it lacks.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of what is drawn; the same seed gives the same.")] = 20,
) -> None:
    """Write split files for `tumorscope train --split`: --folds of them, or one that leaves out or extends."""
    from tumorscope.datasets.discover import discover_examples
    from tumorscope.datasets.splits import extend_split, fold_by_patient, leave_source_out, read_split, write_split

    examples = discover_examples(data)
    if sum(option is not None for option in (folds, leave_out, extend)) != 1:
        raise DatasetError("Say one of --folds, --leave-out and --extend.")
    if folds is not None:
        parted = fold_by_patient(examples, folds, seed)
        splits = {f"fold-{number}": one for number, one in enumerate(parted, 1)}
    elif leave_out is not None:
        splits = {f"without-{leave_out}": leave_source_out(examples, leave_out)}
    elif extend is not None:
        splits = {"split": extend_split(read_split(extend, examples), _SHARE, seed)}
    output.mkdir(parents=True, exist_ok=True)
    for name, one in splits.items():
        write_split(one, output / f"{name}.json")
        typer.echo(f"{output / name}.json: {len(one.training)} for training, {len(one.validation)} held out")
