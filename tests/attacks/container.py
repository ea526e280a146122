"""The service's container in, what Docker and the kernel say of it out."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parents[2]
# Of either version of control groups.
_COUNT_KILLS = "cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control 2>/dev/null; true"


@dataclass(frozen=True)
class Container:
    """The service's, by its identifier."""

    name: str

    def inspect(self, what: str) -> int:
        """A number in Docker's description of it."""
        return int(_run("docker", "inspect", "--format", "{{." + what + "}}", self.name))

    def count_kills(self) -> int:
        """How many of its processes the kernel has killed for memory."""
        lines = _run("docker", "exec", self.name, "sh", "-c", _COUNT_KILLS).splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))


def find_container() -> Container:
    """That of the stack that was started in this folder."""
    return Container(_run("docker", "compose", "ps", "-q", "backend"))


def _run(*command: str) -> str:
    return subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, text=True).stdout.strip()
