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


def find_container(service: str = "backend") -> Container:
    """That of a service of the stack that was started in this folder."""
    return Container(_run("docker", "compose", "ps", "-q", service))


def find_address() -> tuple[str, int]:
    """Where the stack's page listens in its own network.

    Docker's proxy of the published port reads on for a client that does not, and keeps it connected when nginx has
    closed the connection.
    """
    networks = "{{range $name, $of := .NetworkSettings.Networks}}{{$name}} {{$of.IPAddress}} {{end}}"
    words = _run("docker", "inspect", "--format", networks, find_container("frontend").name).split()
    where = dict(zip(words[::2], words[1::2], strict=True))
    return next(address for name, address in where.items() if name.endswith("_outside")), 8080


def _run(*command: str) -> str:
    return subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, text=True).stdout.strip()
