"""The fastest engine that reproduces the golden answers serves; a private file keeps what was measured."""

import json
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tumorscope.domain.errors import GoldenMismatch
from tumorscope.inference.engines.engine import Engine, Outputs
from tumorscope.inference.engines.fastest import open_fastest
from tumorscope.inference.engines.ncnn import open_ncnn
from tumorscope.model.bundle import Bundle


class _Clock:
    """Seconds that engines let pass."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class _Feigned:
    """Answers as the network does, or wrongly, and feigns how long it takes."""

    device = "cpu"

    def __init__(self, name: str, engine: Engine, clock: _Clock, milliseconds: float, *, wrong: bool) -> None:
        self.name = name
        self._engine, self._clock, self._seconds, self._wrong = engine, clock, milliseconds / 1000, wrong

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        self._clock.now_s += self._seconds
        outputs = self._engine.run(batch)
        return replace(outputs, logits=-outputs.logits) if self._wrong else outputs


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tumorscope"


@pytest.fixture(scope="module")
def network(tiny_bundle: Bundle) -> Engine:
    return open_ncnn(tiny_bundle, 1)


Open = Callable[..., tuple[str, Mapping[str, float], list[str]]]


@pytest.fixture
def open_feigned(tiny_bundle: Bundle, network: Engine) -> Open:
    """Open the fastest of engines that take so many milliseconds; also gives which were opened."""

    def open_them(
        *, wrong: tuple[str, ...] = (), bundle: Bundle = tiny_bundle, threads: int = 2, **milliseconds: float
    ) -> tuple[str, Mapping[str, float], list[str]]:
        clock, opened = _Clock(), []

        def open_one(name: str) -> Engine:
            opened.append(name)
            return _Feigned(name, network, clock, milliseconds[name], wrong=name in wrong)

        openers = {name: lambda name=name: open_one(name) for name in milliseconds}
        engine, timings = open_fastest(bundle, openers, threads, clock)
        return engine.name, timings, opened

    return open_them


def test_fastest_is_chosen_and_stands_first(open_feigned: Open) -> None:
    name, timings, opened = open_feigned(exact=60, quick=40)
    assert (name, list(timings.items()), opened) == ("quick", [("quick", 40), ("exact", 60)], ["exact", "quick"])


def test_first_is_chosen_where_another_is_hardly_faster(open_feigned: Open) -> None:
    assert open_feigned(exact=60, quick=55)[0] == "exact"


def test_fast_engine_that_answers_wrongly_is_not_chosen(open_feigned: Open) -> None:
    name, timings, _ = open_feigned(exact=60, quick=4, wrong=("quick",))
    assert (name, list(timings)) == ("exact", ["exact"])


def test_engines_that_all_answer_wrongly_are_refused(open_feigned: Open, cache: Path) -> None:
    with pytest.raises(GoldenMismatch):
        open_feigned(exact=60, quick=40, wrong=("exact", "quick"))
    assert not cache.exists()


def test_single_engine_is_not_measured(open_feigned: Open, cache: Path) -> None:
    assert open_feigned(exact=60) == ("exact", {}, ["exact"])
    assert not cache.exists()


def test_next_start_opens_only_the_one_that_was_fastest(open_feigned: Open) -> None:
    first = open_feigned(exact=60, quick=40)
    # It would choose otherwise now.
    name, timings, opened = open_feigned(exact=1, quick=40)
    assert (name, timings, opened) == ("quick", first[1], ["quick"])


def test_file_is_private(open_feigned: Open, cache: Path) -> None:
    open_feigned(exact=60, quick=40)
    (file,) = cache.iterdir()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (cache, file)] == [0o700, 0o600]


def test_another_model_number_of_cores_or_engine_is_measured_anew(open_feigned: Open, tiny_bundle: Bundle) -> None:
    open_feigned(exact=60, quick=40)
    assert open_feigned(exact=1, quick=40, threads=3)[0] == "exact"
    assert open_feigned(exact=1, quick=40, bundle=replace(tiny_bundle, sha256="another"))[0] == "exact"
    assert open_feigned(exact=1, quick=40, further=50)[0] == "exact"


@pytest.mark.parametrize("name", ["VERSION", "describe_processor", "_find_version"])
def test_another_version_or_processor_is_measured_anew(
    open_feigned: Open, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    open_feigned(exact=60, quick=40)
    changed = "9" if name == "VERSION" else lambda *_: "another"
    monkeypatch.setattr(f"tumorscope.inference.engines.fastest.{name}", changed)
    assert open_feigned(exact=1, quick=40)[0] == "exact"


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"[]", b"{}", b'{"unknown": 1.0}', b'{"quick": "fast"}', b'{"quick": null}'],
    ids=["empty", "binary", "list", "no engine", "unknown engine", "words", "null"],
)
def test_damaged_file_is_measured_anew_and_replaced(open_feigned: Open, cache: Path, content: bytes) -> None:
    open_feigned(exact=60, quick=40)
    (file,) = cache.iterdir()
    file.write_bytes(content)
    assert open_feigned(exact=1, quick=40)[0] == "exact"
    assert json.loads(file.read_bytes()) == {"exact": 1.0, "quick": 40.0}
    assert list(cache.iterdir()) == [file]


@pytest.mark.parametrize("home", ["a file", "no home"])
def test_without_a_place_for_the_file_it_is_measured_at_every_start(
    open_feigned: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: str
) -> None:
    if home == "a file":
        (tmp_path / "file").touch()
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    else:
        monkeypatch.delenv("XDG_CACHE_HOME")

        def fail() -> Path:
            raise RuntimeError("no home")

        monkeypatch.setattr(Path, "home", fail)
    assert [open_feigned(exact=60, quick=quick)[0] for quick in (40, 90)] == ["quick", "exact"]
