"""A store keeps its versions as they were added, and one small file says which is served."""

from pathlib import Path

import pytest

from tests.factories import write_tiny_bundle
from tumorscope.domain.errors import BundleInvalid
from tumorscope.model.bundle import MANIFEST_FILE, WEIGHTS_FILE, read_bundle
from tumorscope.model.store import (
    CURRENT_FILE,
    SelectedBundle,
    StoredVersion,
    add_bundle,
    list_versions,
    make_current,
    read_version,
    roll_back,
    select_bundle,
)


def _set_version(bundle: Path, version: str) -> Path:
    text = (bundle / MANIFEST_FILE).read_text(encoding="utf-8")
    (bundle / MANIFEST_FILE).write_text(text.replace('"version": "0.0.1"', f'"version": "{version}"'), encoding="utf-8")
    return bundle


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Of versions 0.9.0 and 0.10.0."""
    folders = [write_tiny_bundle(tmp_path_factory.mktemp("bundle"), ("no_tumor", "lesion")) for _ in range(2)]
    return [_set_version(folder, version) for folder, version in zip(folders, ("0.9.0", "0.10.0"), strict=True)]


@pytest.fixture
def store(bundles: list[Path], tmp_path: Path) -> Path:
    for bundle in bundles:
        add_bundle(tmp_path / "store", bundle)
    return tmp_path / "store"


def test_added_bundle_is_the_same_under_its_version(bundles: list[Path], store: Path) -> None:
    assert read_bundle(store / "0.9.0").sha256 == read_bundle(bundles[0]).sha256
    assert [one.version for one in list_versions(store)] == ["0.9.0", "0.10.0"]


def test_bundle_may_be_added_twice_and_never_replaced(bundles: list[Path], store: Path, tmp_path: Path) -> None:
    assert add_bundle(store, bundles[0]) == "0.9.0"
    other = _set_version(write_tiny_bundle(tmp_path / "other"), "0.9.0")
    with pytest.raises(BundleInvalid, match=r"another bundle of version 0\.9\.0"):
        add_bundle(store, other)
    assert len(read_bundle(store / "0.9.0").manifest.class_names) == 2


def test_damaged_bundle_leaves_no_trace(bundles: list[Path], tmp_path: Path) -> None:
    damaged, store = tmp_path / "damaged", tmp_path / "store"
    damaged.mkdir()
    for file in bundles[0].iterdir():
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= file.name == WEIGHTS_FILE
        (damaged / file.name).write_bytes(content)
    with pytest.raises(BundleInvalid, match=WEIGHTS_FILE):
        add_bundle(store, damaged)
    assert not store.exists()


def test_copy_that_fails_leaves_no_trace(bundles: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill_the_disk(_source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", fill_the_disk)
    with pytest.raises(BundleInvalid, match="cannot be written: No space left"):
        add_bundle(tmp_path / "store", bundles[0])
    assert list((tmp_path / "store").iterdir()) == []


def test_bundle_is_no_store(bundles: list[Path]) -> None:
    with pytest.raises(BundleInvalid, match="is a bundle"):
        add_bundle(bundles[0], bundles[1])


def test_folder_without_a_current_version_is_a_bundle_itself(bundles: list[Path]) -> None:
    assert select_bundle(bundles[0]) == SelectedBundle(bundles[0])


def test_store_without_an_active_version_says_how_to_activate_one(store: Path) -> None:
    with pytest.raises(
        BundleInvalid, match=rf"no active version; `tumorscope model activate 0\.10\.0 --store {store}`"
    ):
        select_bundle(store)


def test_activated_version_is_selected_and_the_one_before_remembered(store: Path) -> None:
    make_current(store, "0.9.0")
    make_current(store, "0.10.0")
    assert select_bundle(store) == SelectedBundle(store / "0.10.0")
    assert list_versions(store) == [StoredVersion("0.9.0", False, True), StoredVersion("0.10.0", True, False)]


def test_activating_what_is_current_forgets_nothing(store: Path) -> None:
    for version in ("0.9.0", "0.10.0", "0.10.0"):
        make_current(store, version)
    assert roll_back(store) == "0.9.0"


def test_rollback_selects_the_version_before_and_says_that_it_was_trusted(store: Path) -> None:
    make_current(store, "0.9.0")
    make_current(store, "0.10.0")
    assert roll_back(store) == "0.9.0"
    assert select_bundle(store) == SelectedBundle(store / "0.9.0", rolled_back=True)
    # And back again, as any activation trusts nothing.
    make_current(store, "0.10.0")
    assert select_bundle(store) == SelectedBundle(store / "0.10.0")


def test_rollback_without_a_version_before_is_refused(store: Path) -> None:
    with pytest.raises(BundleInvalid, match="no other version before"):
        roll_back(store)
    make_current(store, "0.9.0")
    with pytest.raises(BundleInvalid, match="no other version before"):
        roll_back(store)


def test_rollback_to_a_version_that_is_gone_changes_nothing(store: Path) -> None:
    make_current(store, "0.9.0")
    make_current(store, "0.10.0")
    (store / "0.9.0").rename(store / "elsewhere")
    with pytest.raises(BundleInvalid, match="no longer in the store"):
        roll_back(store)
    assert select_bundle(store).folder.name == "0.10.0"


@pytest.mark.parametrize("content", ["", "../secrets\n", "latest\n", "0.9\n", "\xff"])
def test_current_that_names_no_version_is_refused(store: Path, content: str) -> None:
    (store / CURRENT_FILE).write_text(content, encoding="latin-1")
    with pytest.raises(BundleInvalid, match=CURRENT_FILE):
        select_bundle(store)


def test_version_that_is_not_there_is_refused_with_those_that_are(store: Path) -> None:
    with pytest.raises(BundleInvalid, match=r"holds 0\.9\.0, 0\.10\.0"):
        read_version(store, "0.7.0")
    with pytest.raises(BundleInvalid, match="no version"):
        read_version(store, "../store/0.9.0")


def test_version_under_a_foreign_name_is_refused(store: Path) -> None:
    (store / "0.9.0").rename(store / "0.9.1")
    with pytest.raises(BundleInvalid, match=r"folder 0\.9\.1 holds version 0\.9\.0"):
        read_version(store, "0.9.1")
