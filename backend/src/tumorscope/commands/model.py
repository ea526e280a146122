"""``tumorscope model``: bundles in, a store of versions out, one of which a running service serves."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Store several versions of the model, and change the served one without downtime.")

_Store = Annotated[
    Path,
    typer.Option(
        "--store", envvar="TUMORSCOPE_BUNDLE", help="Folder of the versions; the service's TUMORSCOPE_BUNDLE."
    ),
]
_Version = Annotated[str, typer.Argument(help="Version of a stored model, for example 0.7.0.")]


@app.command()
def add(
    bundle: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of the model.")], store: _Store
) -> None:
    """Copy a model into the store and verify its checksums there."""
    from tumorscope.model.store import add_bundle

    typer.echo(f"{add_bundle(store, bundle)} is in the store; `tumorscope model activate` serves it")


@app.command()
def fetch(
    source: Annotated[str, typer.Argument(help="Path or URL of the ZIP of a released model.")],
    sha256: Annotated[str, typer.Option(help="SHA-256 of the ZIP that its release states.")],
    store: _Store,
) -> None:
    """Add a released model to the store, after verifying its checksum."""
    from tumorscope.model.fetch import fetch_bundle

    typer.echo(f"{fetch_bundle(store, source, sha256)} is in the store; `tumorscope model activate` serves it")


@app.command()
def activate(version: _Version, store: _Store) -> None:
    """Serve a version, if it reproduces its golden answers here.

    A running service loads it beside the served one, checks it again, sends it shadow traffic and switches to it.
    `/health` reports the progress.
    """
    from tumorscope.inference.classifier import Classifier
    from tumorscope.inference.engines.choose import open_engine
    from tumorscope.inference.golden import check_golden_answers
    from tumorscope.model.store import make_current, read_version

    bundle = read_version(store, version)
    opened = open_engine(bundle)
    check_golden_answers(Classifier(bundle, opened.engine))
    make_current(store, version)
    typer.echo(f"{version} is current; it reproduces its golden answers with {opened.engine.name}")


@app.command()
def rollback(store: _Store) -> None:
    """Serve the previous version again, at once and without shadow traffic."""
    from tumorscope.model.store import roll_back

    typer.echo(f"{roll_back(store)} is current again")


@app.command(name="list")
def list_models(store: _Store) -> None:
    """List the versions of the store."""
    from tumorscope.model.store import list_versions

    for one in list_versions(store):
        marks = [" current"] * one.is_current + [" previous"] * one.is_previous
        typer.echo(one.version + "".join(marks))
