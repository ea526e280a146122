"""The running containers, as an operator sees them."""

import json
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def compose_command() -> list[str]:
    """Compose, as a plugin of docker or on its own."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    return ["docker", "compose"] if plugin.returncode == 0 else ["docker-compose"]


def run(command: list[str], environment: Mapping[str, str] | None = None) -> str:
    """Standard output of a command that must succeed."""
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        raise AssertionError(
            f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
        )
    return done.stdout


@dataclass(frozen=True)
class Stack:
    """One compose project of its own, with the page on a port of its own."""

    project: str
    web_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    def compose(self, *arguments: str, **settings: str) -> str:
        # As in a fresh clone: neither a .env file nor the caller's settings count. The example changes no default.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TUMORSCOPE_")}
        environment.pop("BIND", None)
        # Free ports of the archive.
        environment |= {"WEB_PORT": str(self.web_port), "DICOM_PORT": "0", "ARCHIVE_PORT": "0", **settings}
        return run([*compose_command(), "--env-file", ".env.example", "-p", self.project, *arguments], environment)

    def container(self, service: str) -> str:
        return self.compose("ps", "-aq", service).strip()

    def inspect(self, service: str) -> dict[str, Any]:
        (description,) = json.loads(run(["docker", "inspect", self.container(service)]))
        assert isinstance(description, dict)
        return description

    def image_bytes(self, service: str) -> int:
        return int(run(["docker", "image", "inspect", "--format", "{{.Size}}", self.inspect(service)["Image"]]))

    def execute(self, service: str, *command: str) -> str:
        return run(["docker", "exec", self.container(service), *command])

    def logs(self) -> str:
        return self.compose("logs", "--no-color")

    def wait_until_healthy(self, service: str, least_restarts: int = 0, timeout_s: float = 600) -> None:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            description = self.inspect(service)
            health = description["State"]["Health"]["Status"]
            if (
                health == "healthy"
                and description["State"]["Running"]
                and description["RestartCount"] >= least_restarts
            ):
                return
            time.sleep(1)
        raise AssertionError(f"{service} is not healthy after {timeout_s} s:\n{self.logs()[-4000:]}")
