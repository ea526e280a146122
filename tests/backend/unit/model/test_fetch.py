"""A released model gets into the store whole and verified, or not at all."""

import hashlib
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from zipfile import ZipFile

import pytest

from tests.factories import write_tiny_bundle
from tumorscope.domain.errors import BundleInvalid
from tumorscope.model import fetch
from tumorscope.model.fetch import fetch_bundle
from tumorscope.model.store import list_versions, read_version


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a tiny model of version 0.0.1."""
    folder = tmp_path_factory.mktemp("release")
    path = folder / "model.zip"
    with ZipFile(path, "w") as release:
        for file in write_tiny_bundle(folder / "bundle").iterdir():
            release.write(file, file.name)
    return path


@pytest.fixture
def server(archive: Path) -> Iterator[str]:
    """Where the archive's folder is served."""

    class _Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(archive.parent))) as running:
        thread = Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_model_is_taken_from_a_path(archive: Path, tmp_path: Path) -> None:
    assert fetch_bundle(tmp_path / "store", str(archive), _hash(archive).upper()) == "0.0.1"
    assert read_version(tmp_path / "store", "0.0.1").manifest.version == "0.0.1"


def test_model_is_taken_from_a_url(archive: Path, server: str, tmp_path: Path) -> None:
    assert fetch_bundle(tmp_path, f"{server}/model.zip", _hash(archive)) == "0.0.1"
    assert [path.name for path in tmp_path.iterdir()] == ["0.0.1"]


def test_url_without_a_model_is_a_sentence(server: str, tmp_path: Path) -> None:
    with pytest.raises(BundleInvalid, match="cannot be fetched: HTTP Error 404"):
        fetch_bundle(tmp_path, f"{server}/absent.zip", "00")


def test_path_without_a_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BundleInvalid, match="cannot be fetched"):
        fetch_bundle(tmp_path, "file:///etc/hostname", "00")


def test_other_content_than_the_expected_is_refused_and_leaves_nothing(archive: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.zip"
    changed.write_bytes(archive.read_bytes() + b"\0")
    with pytest.raises(BundleInvalid, match=_hash(changed)):
        fetch_bundle(tmp_path / "store", str(changed), _hash(archive))
    assert list((tmp_path / "store").iterdir()) == []


@pytest.mark.parametrize("name", ["../outside", "/outside", "folder/file", "folder\\file", ".hidden", "folder/"])
def test_member_that_would_lie_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "release.zip"
    with ZipFile(path, "w") as release:
        release.writestr(name, "")
    with pytest.raises(BundleInvalid, match="more than the files of one folder"):
        fetch_bundle(tmp_path / "store", str(path), _hash(path))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["release.zip", "store"]


def test_archive_that_is_too_large_is_refused(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "_MAX_BYTES", archive.stat().st_size - 1)
    with pytest.raises(BundleInvalid, match="the archive is larger than"):
        fetch_bundle(tmp_path / "store", str(archive), _hash(archive))


def test_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "release.zip"
    with ZipFile(path, "w", zipfile.ZIP_DEFLATED) as release:
        release.writestr("weights.npz", bytes(10**6))
    monkeypatch.setattr(fetch, "_MAX_BYTES", 10**5)
    with pytest.raises(BundleInvalid, match="unpacks to more than"):
        fetch_bundle(tmp_path / "store", str(path), _hash(path))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive"])
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "release.zip"
    path.write_bytes(content)
    with pytest.raises(BundleInvalid, match="damaged"):
        fetch_bundle(tmp_path / "store", str(path), _hash(path))


def test_archive_without_a_sound_bundle_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "release.zip"
    with ZipFile(path, "w") as release:
        release.writestr("manifest.json", "{}")
    with pytest.raises(BundleInvalid):
        fetch_bundle(tmp_path / "store", str(path), _hash(path))
    assert list_versions(tmp_path / "store") == []
    assert list((tmp_path / "store").iterdir()) == []
