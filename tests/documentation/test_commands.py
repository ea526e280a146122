"""The commands of README and docs/ run as they stand there, and print what is stated."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import processes
from tests.documentation.files import FILES
from tests.documentation.outputs import find_difference
from tests.documentation.pages import PAGES, ROOT, Block, read_blocks
from tests.orthanc import WHY_NOT, run_orthanc
from tumorscope.model.store import DEFAULT_BUNDLE

_LANGUAGES = {"sh", "python", "json", "text", "yaml", "csv"}
_LINKED = (
    ".venv",
    "Makefile",
    "backend",
    "client",
    "frontend",
    "scripts",
    "docs",
    "tests",
    "MODEL_CARD.md",
    "README.md",
)
# Debian's Orthanc, whose DICOM port is 4242.
_ARCHIVE = "127.0.0.1:8042"
# Far above what the slowest machine needs.
_TIMEOUT_S = 600


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the default model is served, for all pages."""
    with processes.serve(DEFAULT_BUNDLE, tmp_path_factory.mktemp("service") / "log") as served:
        served.wait_for_status("ready")
        yield "{}:{}".format(*served.address)


@dataclass(frozen=True)
class _Shell:
    """Runs blocks one after another in a folder; what they export lasts."""

    folder: Path
    places: dict[str, str]
    environment: dict[str, str]

    def run(self, block: Block) -> str:
        """What the block prints to standard output."""
        content = block.content
        for stated, actual in self.places.items():
            content = content.replace(stated, actual)
        if block.language == "python":
            command = [sys.executable, "-c", content]
        else:
            variables = self.folder / ".variables"
            script = f"[ ! -f {variables} ] || . {variables}\nset -euo pipefail\n{content}\nexport -p >{variables}\n"
            command = ["bash", "-c", script]
        with (
            (self.folder / ".errors").open("w", encoding="utf-8") as errors,
            subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            ) as process,
        ):
            try:
                return self._finish(process, block)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)

    def _finish(self, process: subprocess.Popen[str], block: Block) -> str:
        if block.until is None:
            printed, _ = process.communicate(timeout=_TIMEOUT_S)
        else:
            assert process.stdout is not None
            printed = ""
            for line in process.stdout:
                printed += line
                if block.until in line:
                    break
            os.killpg(process.pid, signal.SIGINT)
            printed += process.communicate(timeout=_TIMEOUT_S)[0]
            assert block.until in printed, f"{block.place} never printed {block.until!r}:\n{printed}{self._errors}"
        # Make and bash end themselves by the signal that ended their child in order.
        ends = {0} if block.until is None else {0, -signal.SIGINT, 128 + signal.SIGINT}
        assert process.returncode in ends, f"{block.place} ended with {process.returncode}:\n{printed}{self._errors}"
        return printed

    @property
    def _errors(self) -> str:
        return (self.folder / ".errors").read_text(encoding="utf-8")


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def _prepare(folder: Path, blocks: list[Block]) -> None:
    """What the blocks name, and what a checkout holds."""
    for name in _LINKED:
        if (ROOT / name).exists():
            (folder / name).symlink_to(ROOT / name)
    for compose in ROOT.glob("docker-compose*.yml"):
        shutil.copy(compose, folder)
    text = "\n".join(block.content for block in blocks if block.is_run)
    for name, write in FILES.items():
        if re.search(rf"(?<![\w/.-]){re.escape(name)}(?![\w-])", text):
            write(folder / name)


@contextmanager
def _find_places(blocks: list[Block], address: str, folder: Path) -> Iterator[dict[str, str]]:
    """Where the servers are that the blocks name; an archive is started for those that name one."""
    places = {"127.0.0.1:8000": address}
    if not any(_ARCHIVE in block.content for block in blocks):
        yield places
        return
    if WHY_NOT is not None:
        pytest.skip(WHY_NOT)
    (folder / "archive.d").mkdir()
    with run_orthanc(folder / "archive.d") as orthanc:
        yield (
            places
            | {_ARCHIVE: f"127.0.0.1:{orthanc.http}", "127.0.0.1 4242": f"127.0.0.1 {orthanc.dicom}"}
            | {"tumorscope pacs watch": f"tumorscope pacs watch --service http://{address}"}
        )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_of_a_page_run_and_print_what_it_states(page: Path, tmp_path: Path, address: str) -> None:
    blocks = read_blocks(page)
    _prepare(tmp_path, blocks)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TUMORSCOPE_")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PORT": _free_port(),
        "WEB_PORT": _free_port(),
        "COLUMNS": "120",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    with _find_places(blocks, address, tmp_path) as places:
        shell = _Shell(tmp_path, places, environment)
        printed = None
        for block in blocks:
            if block.is_output:
                assert printed is not None, f"{block.place} is the output of no block that was run"
                difference = find_difference(block.language, block.content, printed)
                assert difference is None, f"{block.place}: {difference}\n{printed}"
            else:
                printed = shell.run(block) if block.is_run else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_name_their_language_and_why_they_are_not_run(page: Path) -> None:
    assert page.read_text(encoding="utf-8").count("```") == 2 * len(read_blocks(page)), (
        "a fence begins or ends within a line"
    )
    for block in read_blocks(page):
        assert block.language in _LANGUAGES, f"{block.place} says {block.language!r}, which is none of {_LANGUAGES}"
        assert block.not_run is None or len(block.not_run.split()) > 1, f"{block.place} says no reason"
