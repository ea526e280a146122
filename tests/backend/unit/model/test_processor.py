"""Processors are told apart by what they run at another speed."""

from pathlib import Path

import pytest

from tumorscope.model import processor
from tumorscope.model.processor import describe_processor


def _describe(monkeypatch: pytest.MonkeyPatch, file: Path, content: str | None) -> str:
    if content is not None:
        file.write_text(content)
    monkeypatch.setattr(processor, "_CPU_INFO", file)
    return describe_processor()


def test_processors_are_told_apart_by_model_and_instructions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    core = "processor : 0\nmodel name : Some CPU\ncpu MHz : {mhz}\nflags : fpu {flags}\n\n"
    contents = [
        core.format(mhz=2000, flags="avx2"),
        2 * core.format(mhz=3100, flags="avx2"),
        core.format(mhz=2000, flags="avx2 avx512_vnni"),
        core.format(mhz=2000, flags="avx2").replace("Some", "Another"),
    ]
    alike, clocked, wider, other = (_describe(monkeypatch, tmp_path / "cpuinfo", content) for content in contents)
    assert alike == clocked
    assert len({alike, wider, other}) == 3


def test_machine_without_the_file_is_described_by_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert _describe(monkeypatch, tmp_path / "absent", None)
