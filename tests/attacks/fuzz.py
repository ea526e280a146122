"""Good files in, damaged ones that reach ever more of the parsers' code read: fuzzing guided by coverage (atheris).

    .venv/bin/python -m tests.attacks.fuzz --seconds 3600

Exit status 1 if a file ends the process, takes half a minute, or more than 2 GiB; it is kept in ``build/fuzz``.
"""

import argparse
import importlib.util
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.attacks.mutate import make_studies, read_real

_FAULTS = Path(__file__).parents[2] / "build" / "fuzz"
_TOLD = ("Done", "stat::number_of_executed", "stat::peak_rss", "SUMMARY", "==")


def main() -> None:
    """Fuzz, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=120, help="of fuzzing; 120 by default")
    sys.exit(bool(fuzz(parser.parse_args().seconds)))


def fuzz(seconds: int) -> int:
    """Exit status of the fuzzer, which is a process of its own; 0 where atheris is not installed."""
    if importlib.util.find_spec("atheris") is None:
        sys.stdout.write("not guided by coverage: atheris is not installed\n")
        return 0
    _FAULTS.mkdir(parents=True, exist_ok=True)
    studies = [study for kind in {**make_studies(), **read_real()}.values() for study in kind]
    with TemporaryDirectory() as folder:
        for number, ((_, data), *_others) in enumerate(studies):
            (Path(folder) / f"{number:04}").write_bytes(data)
        options = [folder, f"-max_total_time={seconds}", f"-artifact_prefix={_FAULTS}/", "-print_final_stats=1"]
        command = [sys.executable, "-m", "tests.attacks.fuzz_target", *options]
        run = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True, errors="replace")
    lines = run.stderr.splitlines()
    progress = [line for line in lines if line.startswith("#") and " cov: " in line][-1:]
    sys.stdout.writelines(f"{line}\n" for line in [*progress, *(one for one in lines if one.startswith(_TOLD))])
    return run.returncode


if __name__ == "__main__":
    main()
