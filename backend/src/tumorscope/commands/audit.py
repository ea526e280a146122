"""``tumorscope audit``: a data set in, what would make its figures lie out, as JSON and as a page."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

if TYPE_CHECKING:
    from tumorscope.datasets.splits import Split

_VALIDATION_SHARE, _SEED = 0.2, 20


def audit(
    data: Annotated[Path, typer.Argument(help="A CSV, a folder with slices.csv, class folders, or prepared BraTS.")],
    output: Annotated[Path, typer.Option(help="Folder for audit.html and audit.json.")] = Path("runs/audit"),
    split: Annotated[
        Path | None,
        typer.Option(help="Split file; default: the data's own Training and Testing, else a fifth of the patients."),
    ] = None,
) -> None:
    """Look for copied pictures and patients on both sides of a split, label conflicts, and labels told by the source.

    Exit status 1 when the split leaks.
    """
    from tumorscope.datasets.audit import audit_split, to_json
    from tumorscope.datasets.audit_report import write_report

    parted = _find_split(data, split)
    with Progress(console=Console(stderr=True)) as progress:
        reading = progress.add_task("reading", total=len(parted.training) + len(parted.validation))
        comparing = progress.add_task("comparing", total=1)
        found = audit_split(parted, lambda: progress.advance(reading), lambda share: progress.advance(comparing, share))
        progress.update(comparing, completed=1)
    root = data if data.is_dir() else data.parent
    output.mkdir(parents=True, exist_ok=True)
    content = json.dumps(to_json(found, root), indent=1, ensure_ascii=False)
    (output / "audit.json").write_text(content + "\n", encoding="utf-8")
    (output / "audit.html").write_text(write_report(found, data.resolve().stem, root), encoding="utf-8")
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.print(found.leakage.summary)
    if found.conflicts:
        console.print(f"Near-duplicates with different labels: {len(found.conflicts)}.")
    console.print(f"wrote {output / 'audit.html'}")
    if found.leakage.found:
        raise typer.Exit(1)


def _find_split(data: Path, file: Path | None) -> "Split":
    from tumorscope.datasets.discover import discover_examples
    from tumorscope.datasets.folder import official_split
    from tumorscope.datasets.splits import read_split, split_by_patient

    examples = discover_examples(data)
    if file is not None:
        return read_split(file, examples)
    return official_split(data) or split_by_patient(examples, _VALIDATION_SHARE, _SEED)
