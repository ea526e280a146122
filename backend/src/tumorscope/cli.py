"""The ``tumorscope`` command."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from tumorscope import NOTICE
from tumorscope.commands.audit import audit
from tumorscope.commands.card import card
from tumorscope.commands.evaluate import evaluate
from tumorscope.commands.prepare import prepare
from tumorscope.commands.show_augmentation import show_augmentation
from tumorscope.commands.split import split
from tumorscope.commands.train import train
from tumorscope.domain.errors import TumorscopeError

app = typer.Typer(
    help=f"Reads a brain MRI slice and predicts how likely it shows a tumour. {NOTICE}",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(audit)
app.command()(card)
app.command()(evaluate)
app.command()(prepare)
app.command()(show_augmentation)
app.command()(split)
app.command()(train)


def main() -> None:
    """Run the command; an error of ours is a sentence and exit status 1, an interruption 130."""
    # TensorFlow writes about its build to standard error unless told otherwise before its import.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # NumPy's products here are small, and its threads would take the cores from the network's.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        app()
    except TumorscopeError as error:
        Console(stderr=True).print(f"[bold]{error.code}[/]: {error}")
        sys.exit(1)


@app.command()
def serve(
    host: Annotated[str, typer.Option(envvar="TUMORSCOPE_HOST")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="TUMORSCOPE_PORT", min=0, max=65535)] = 8000,
    log_level: Annotated[str, typer.Option(envvar="TUMORSCOPE_LOG_LEVEL")] = "INFO",
) -> None:
    """Serve the API."""
    import uvicorn  # noqa: PLC0415  (each command imports what it needs: the others start at once)

    from tumorscope.api.app import create_app  # noqa: PLC0415
    from tumorscope.api.logs import configure_logs  # noqa: PLC0415
    from tumorscope.api.settings import Settings  # noqa: PLC0415

    configure_logs(log_level)
    uvicorn.run(
        create_app(Settings()), host=host, port=port, log_config=None, server_header=False, timeout_graceful_shutdown=30
    )


@app.command()
def predict(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Pictures of one slice each.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")] = False,
    bundle: Annotated[Path | None, typer.Option(envvar="TUMORSCOPE_BUNDLE", help="Folder of the model.")] = None,
) -> None:
    """Predict from pictures; a bad one is listed and the others go on."""
    from tumorscope.api.settings import Settings  # noqa: PLC0415
    from tumorscope.imaging.decode import decode_picture  # noqa: PLC0415
    from tumorscope.inference.classifier import Classifier, classify  # noqa: PLC0415
    from tumorscope.inference.engines.tensorflow import TensorFlowEngine  # noqa: PLC0415
    from tumorscope.model.bundle import read_bundle  # noqa: PLC0415

    settings = Settings()
    loaded = read_bundle(bundle or settings.bundle)
    classifier = Classifier(loaded, TensorFlowEngine(loaded))
    answers: list[dict[str, object]] = []
    for file in track(
        files, "predicting", console=Console(stderr=True), disable=len(files) == 1 or not sys.stderr.isatty()
    ):
        try:
            result = classify(classifier, decode_picture(file.read_bytes(), settings.max_megapixels * 1_000_000))
            prediction = result.prediction
            answers.append(
                {
                    "file": str(file),
                    "decision": prediction.decision.value,
                    "label": prediction.label,
                    "tumor_probability": prediction.tumor_probability,
                    "probabilities": dict(prediction.probabilities),
                }
            )
        except (TumorscopeError, OSError) as error:
            code = error.code if isinstance(error, TumorscopeError) else "unreadable"
            answers.append({"file": str(file), "error": {"code": code, "detail": str(error)}})
    manifest = loaded.manifest
    if as_json:
        model = {"name": manifest.name, "version": manifest.version, "sha256": loaded.sha256}
        typer.echo(json.dumps({"predictions": answers, "model": model, "notice": NOTICE}, indent=2))
    else:
        _print_table(answers, manifest.class_names, f"{manifest.name} {manifest.version}. {NOTICE}")
    if any("error" in answer for answer in answers):
        raise typer.Exit(1)


@app.command()
def phantom(
    output: Annotated[Path, typer.Argument(help="PNG file that is written.")],
    seed: Annotated[int, typer.Option(min=0)] = 1,
    lesion: Annotated[bool, typer.Option("--lesion", help="Draw a bright lesion.")] = False,
    size: Annotated[int, typer.Option(min=64, max=2048, help="Side, in pixels.")] = 512,
) -> None:
    """Draw a synthetic head slice."""
    from tumorscope.imaging.formats.raster import encode_png  # noqa: PLC0415
    from tumorscope.imaging.phantom import draw_phantom  # noqa: PLC0415

    output.write_bytes(encode_png(draw_phantom(seed, lesion, size)))


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the service."""
    from tumorscope.api.app import create_app  # noqa: PLC0415
    from tumorscope.api.settings import Settings  # noqa: PLC0415

    typer.echo(json.dumps(create_app(Settings()).openapi(), indent=2))


def _print_table(answers: list[dict[str, object]], class_names: list[str], caption: str) -> None:
    table = Table("file", "decision", "label", *class_names, caption=caption)
    for answer in answers:
        error = answer.get("error")
        if isinstance(error, dict):
            table.add_row(str(answer["file"]), f"[bold]{error['code']}[/]", *[""] * (1 + len(class_names)))
            continue
        probabilities = answer["probabilities"]
        assert isinstance(probabilities, dict)  # noqa: S101  (made above)
        row = [f"{probabilities[name]:.3f}" for name in class_names]
        table.add_row(str(answer["file"]), str(answer["decision"]), str(answer["label"] or ""), *row)
    Console().print(table)
