"""The ``tumorscope`` command."""

import errno
import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from tumorscope import NOTICE
from tumorscope.commands import key, model, pacs
from tumorscope.commands.audit import audit
from tumorscope.commands.calibrate import calibrate
from tumorscope.commands.card import card
from tumorscope.commands.evaluate import evaluate
from tumorscope.commands.export import export
from tumorscope.commands.predict import predict
from tumorscope.commands.prepare import prepare
from tumorscope.commands.prune import prune
from tumorscope.commands.score import score
from tumorscope.commands.split import split
from tumorscope.commands.train import train
from tumorscope.domain.errors import TumorscopeError
from tumorscope.version import VERSION

# typer's exit status after Ctrl-C.
_INTERRUPTED = 130
# Errors of writing, which name no file.
_OF_DISKS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)

app = typer.Typer(
    help=f"Reads a brain MRI and predicts how likely it shows a tumour. {NOTICE}",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (audit, calibrate, card, evaluate, export, predict, prepare, prune, score, split, train):
    app.command()(command)
app.add_typer(key.app, name="key")
app.add_typer(model.app, name="model")
app.add_typer(pacs.app, name="pacs")


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"tumorscope {VERSION}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command; the exit status is 1 after an error, which is printed as a sentence, and 130 after Ctrl-C."""
    # Set before the import of TensorFlow, which otherwise describes its build on standard error.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # NumPy's matrix products are small here, and its threads would compete with those of the network.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        app()
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            sys.stderr.write("interrupted\n")
        raise
    except TumorscopeError as error:
        # The base class's code only says that the error is internal.
        prefix = "" if error.code == TumorscopeError.code else f"[bold]{error.code}[/]: "
        Console(stderr=True).print(f"{prefix}{escape(str(error))}")
        sys.exit(1)
    except OSError as error:
        # Of a file that the user named, or of a disk; any other is a fault.
        if error.filename is None and error.errno not in _OF_DISKS:
            raise
        place = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        sys.exit(f"{place}{error.strerror}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("tumorscope"):
            raise
        extra = {"httpx": "pacs", "psycopg": "postgres", "ray": "scale", "pyarrow": "scale"}.get(error.name, "train")
        sys.exit(f"This command needs {error.name}, which is not installed: pip install 'tumorscope[{extra}]'")


@app.command()
def serve(
    host: Annotated[str, typer.Option(envvar="TUMORSCOPE_HOST")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="TUMORSCOPE_PORT", min=0, max=65535)] = 8000,
    log_level: Annotated[str, typer.Option(envvar="TUMORSCOPE_LOG_LEVEL")] = "INFO",
) -> None:
    """Serve the API."""
    # Imported here, so that other commands start without it.
    from tumorscope.api.app import create_app
    from tumorscope.api.auth.security import refuse_exposure
    from tumorscope.api.lifecycle.server import run_server
    from tumorscope.api.monitoring.logs import configure_logs
    from tumorscope.api.settings import read_settings

    settings = read_settings()
    refuse_exposure(host, settings.api_keys_file, insecure=settings.insecure_no_api_keys)
    configure_logs(log_level)
    service = create_app(settings)
    run_server(service, host, port, service.state.components.service.drain, settings.drain_s)


@app.command()
def phantom(
    output: Annotated[Path, typer.Argument(help="PNG file that is written.")],
    seed: Annotated[int, typer.Option(min=0)] = 1,
    lesion: Annotated[bool, typer.Option("--lesion", help="Draw a bright lesion.")] = False,
    size: Annotated[int, typer.Option(min=64, max=2048, help="Side, in pixels.")] = 512,
) -> None:
    """Draw a synthetic head slice."""
    from tumorscope.imaging.formats.raster import encode_png
    from tumorscope.imaging.phantom import draw_phantom

    output.write_bytes(encode_png(draw_phantom(seed, lesion, size)))


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the service."""
    from tumorscope.api.app import create_app
    from tumorscope.api.settings import read_settings

    typer.echo(json.dumps(create_app(read_settings()).openapi(), indent=2))
