"""``tumorscope key``: a file of API keys in, the file with one key added or removed out, replaced as a whole."""

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from tumorscope.api.auth.api_keys import RateLimit, format_key, make_key, parse_keys, read_keys_text
from tumorscope.domain.errors import ApiKeysInvalid

app = typer.Typer(help="Make, list and revoke the API keys of a service, even while it runs.", no_args_is_help=True)

_KeysFile = Annotated[Path, typer.Option("--file", envvar="TUMORSCOPE_API_KEYS_FILE", help="The file of API keys.")]
_Name = Annotated[str, typer.Argument(help="Name of the program that holds the key; it is logged.")]


@app.command()
def new(
    name: _Name,
    file: _KeysFile,
    rate: Annotated[int | None, typer.Option(min=1, max=1_000_000, help="Most requests a minute.")] = None,
    burst: Annotated[
        int | None,
        typer.Option(min=1, max=1_000_000, help="Most requests at once; by default as many as in ten seconds."),
    ] = None,
) -> None:
    """Print a new key, this once, and append its hash to the file."""
    if rate is None and burst is not None:
        raise ApiKeysInvalid("--burst needs --rate.")
    limit = None if rate is None else RateLimit(rate, burst or max(1, rate // 6))
    key, secret = make_key(name, datetime.now(UTC).date(), limit)
    text = read_keys_text(file) if file.exists() else ""
    if any(other.name == name for other in parse_keys(text)):
        raise ApiKeysInvalid(f"There is already a key named {name}; choose another name.")
    _replace(file, [*text.splitlines(), format_key(key)])
    typer.echo(secret)


@app.command("list")
def list_keys(file: _KeysFile) -> None:
    """Print each key's name, the day it was made, and its limit."""
    for key in parse_keys(read_keys_text(file)):
        limit = "" if key.rate is None else f"  {key.rate.requests_per_minute} a minute, {key.rate.burst} at once"
        typer.echo(f"{key.name}  {key.created.isoformat()}{limit}")


@app.command()
def revoke(name: _Name, file: _KeysFile) -> None:
    """Remove a key from the file; a running service refuses it within two seconds."""
    text = read_keys_text(file)
    revoked = [key for key in parse_keys(text) if key.name == name]
    if not revoked:
        raise ApiKeysInvalid(f"There is no key named {name}.")
    _replace(file, [line for line in text.splitlines() if line.strip() != format_key(revoked[0])])


def _replace(file: Path, lines: list[str]) -> None:
    """Replace the file at once, with the same mode and owner, so that a service never reads a part of it."""
    # Of a symbolic link, replace its target.
    file = file.resolve()
    try:
        descriptor, written = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # Mode 0600.
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as output:
                output.writelines(f"{line}\n" for line in lines)
                output.flush()
                os.fsync(output.fileno())
            if file.exists():
                before = file.stat()
                os.chmod(written, before.st_mode & 0o777)  # noqa: PTH101
                os.chown(written, before.st_uid, before.st_gid)
            Path(written).replace(file)
        except BaseException:
            Path(written).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ApiKeysInvalid(f"The file of API keys cannot be written: {error.strerror}.") from error
