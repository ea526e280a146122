"""A folder of bundles by version in, the one to serve out; the file that names it is replaced atomically.

::

    STORE/
    ├── 0.4.0/      a bundle, never changed once added
    ├── 0.5.0/
    ├── current     the served version
    └── previous    the version served before
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tumorscope.domain.errors import BundleInvalid
from tumorscope.model.bundle import MANIFEST_FILE, Bundle, read_bundle

DEFAULT_BUNDLE = Path(__file__).parents[1] / "default_model"
"""The bundle that the package carries."""

CURRENT_FILE = "current"
PREVIOUS_FILE = "previous"

# The second line of `current` after a rollback: this version has served before and skips the shadow traffic.
_ROLLED_BACK = "rollback"
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")


@dataclass(frozen=True, slots=True)
class SelectedBundle:
    """Folder of the bundle to serve, and whether a rollback selected it."""

    folder: Path
    rolled_back: bool = False


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version of a store, and whether `current` or `previous` names it."""

    version: str
    is_current: bool
    is_previous: bool


def select_bundle(place: Path) -> SelectedBundle:
    """Find the bundle to serve: the folder itself if it holds no file ``current``, else the version that this names.

    Raises
    ------
    BundleInvalid
        ``current`` cannot be read or names no version, or the folder holds versions and no ``current``.
    """
    try:
        lines = (place / CURRENT_FILE).read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError) as error:
        if not (place / MANIFEST_FILE).exists() and (versions := list_versions(place)):
            command = f"tumorscope model activate {versions[-1].version} --store {place}"
            raise BundleInvalid(f"{place}: the store has no active version; `{command}` activates one") from error
        return SelectedBundle(place)
    except OSError as error:
        raise BundleInvalid(f"{place / CURRENT_FILE} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BundleInvalid(f"{place / CURRENT_FILE} is no text") from error
    if not lines or not _VERSION.fullmatch(lines[0]):
        raise BundleInvalid(f"{place / CURRENT_FILE} names no version")
    return SelectedBundle(place / lines[0], lines[1:] == [_ROLLED_BACK])


def add_bundle(store: Path, source: Path) -> str:
    """Copy a bundle into a store, which is created if absent; give its version. The copy is verified again.

    Raises
    ------
    BundleInvalid
        The source is not valid, or the store is a bundle, holds other content under this version, or cannot be written.
    """
    if (store / MANIFEST_FILE).exists():
        raise BundleInvalid("this folder is a bundle; a store holds bundles in folders of their own")
    bundle = read_bundle(source)
    version = bundle.manifest.version
    if (store / version).exists():
        if read_bundle(store / version).sha256 != bundle.sha256:
            raise BundleInvalid(f"the store holds another bundle of version {version}; give the new one its own")
        return version
    with _writing():
        store.mkdir(parents=True, exist_ok=True)
    with _writing(), TemporaryDirectory(prefix=".incoming-", dir=store, ignore_cleanup_errors=True) as scratch:
        incoming = Path(scratch)
        # Only its owner has access so far, and the service may run as another user.
        incoming.chmod(0o755)
        for name in (*bundle.manifest.files, MANIFEST_FILE):
            shutil.copyfile(source / name, incoming / name)
            _flush(incoming / name)
        read_bundle(incoming)
        # Renamed only when complete: a service may be told to serve this version at any time.
        incoming.rename(store / version)
    return version


def read_version(store: Path, version: str) -> Bundle:
    """Read and check a version of a store.

    Raises
    ------
    BundleInvalid
        The version is absent, not valid, or not the one that its folder states.
    """
    if not _VERSION.fullmatch(version) or not (store / version).is_dir():
        held = ", ".join(one.version for one in list_versions(store)) or "none"
        raise BundleInvalid(f"the store holds no version {version}; it holds {held}")
    bundle = read_bundle(store / version)
    if bundle.manifest.version != version:
        raise BundleInvalid(f"the folder {version} holds version {bundle.manifest.version}")
    return bundle


def make_current(store: Path, version: str) -> None:
    """Name the version to serve, and keep the one before as `previous`. Check it first with `read_version`.

    The current version is written again too, so that a service that refused it retries.
    """
    before = _read_pointer(store, CURRENT_FILE)
    # In this order, so that an interruption between the two leaves the served version unchanged.
    if before not in (None, version):
        _replace(store / PREVIOUS_FILE, str(before))
    _replace(store / CURRENT_FILE, version)


def roll_back(store: Path) -> str:
    """Name the previous version to serve again, and give it; a second rollback undoes the first.

    Raises
    ------
    BundleInvalid
        There was none, or the store no longer holds it.
    """
    before, now = _read_pointer(store, PREVIOUS_FILE), _read_pointer(store, CURRENT_FILE)
    if before is None or now is None or before == now:
        raise BundleInvalid("the store served no other version before")
    if not (store / before / MANIFEST_FILE).is_file():
        raise BundleInvalid(f"version {before}, which was served before, is no longer in the store")
    _replace(store / PREVIOUS_FILE, now)
    _replace(store / CURRENT_FILE, f"{before}\n{_ROLLED_BACK}")
    return before


def list_versions(store: Path) -> list[StoredVersion]:
    """List the versions of a store, the oldest first."""
    current, previous = _read_pointer(store, CURRENT_FILE), _read_pointer(store, PREVIOUS_FILE)
    names = [folder.name for folder in store.iterdir() if _VERSION.fullmatch(folder.name)] if store.is_dir() else []
    ordered = sorted(names, key=lambda name: tuple(int(part) for part in name.split(".")))
    return [StoredVersion(name, name == current, name == previous) for name in ordered]


def _read_pointer(store: Path, name: str) -> str | None:
    """Read the version that a file of the store names, if any."""
    try:
        lines = (store / name).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    return lines[0] if lines and _VERSION.fullmatch(lines[0]) else None


def _replace(path: Path, text: str) -> None:
    """Replace a small file atomically."""
    written = path.with_name(f".{path.name}.new")
    with _writing():
        written.write_text(f"{text}\n", encoding="utf-8")
        _flush(written)
        written.replace(path)


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BundleInvalid(f"the store cannot be written: {error.strerror}") from error


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
