"""``tumorscope card``: a bundle and its measured figures in, the model card out."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from tumorscope.domain.errors import EvaluationError


def card(
    bundle: Annotated[Path, typer.Argument(help="Folder of the model.")],
    metrics: Annotated[Path, typer.Option(help="metrics.json of `tumorscope evaluate`.")],
    output: Annotated[Path, typer.Option(help="Markdown file that is written.")] = Path("MODEL_CARD.md"),
    tables: Annotated[Path | None, typer.Option(help="Folder of JSON tables of other runs, shown by name.")] = None,
    readme: Annotated[
        Path | None, typer.Option(help="Markdown file whose table between the marks of figures is renewed.")
    ] = None,
) -> None:
    """Write the model card from a bundle and its measured figures."""
    from tumorscope.evaluation.report.model_card import replace_figures, write_model_card
    from tumorscope.model.bundle import read_bundle

    loaded = read_bundle(bundle)
    measured = _read_json(metrics)
    if measured["model"]["sha256"] != loaded.sha256:
        raise EvaluationError(f"{metrics} was measured with another model.")
    others = sorted(tables.glob("*.json")) if tables else []
    plots = Path(os.path.relpath(metrics.parent, output.parent)).as_posix()
    written = write_model_card(loaded.manifest, loaded.sha256, measured, [_read_json(file) for file in others], plots)
    output.write_text(written, encoding="utf-8")
    if readme is not None:
        renewed = replace_figures(readme.read_text(encoding="utf-8"), measured["decisions"])
        readme.write_text(renewed, encoding="utf-8")


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EvaluationError(f"{file} cannot be read.") from error
    return content
