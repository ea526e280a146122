"""Ask the advisory services for known vulnerabilities of the locked dependencies; exit status 1 where there is one.

Where no service can be reached nothing was audited: that is said, and is no failure.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]
_PYTHON_LOCKS = ("backend/requirements.lock", "backend/requirements-gpu.lock")
_PAGE_FOLDERS = ("frontend", "tests/e2e")
_TIMEOUT_S = 300
_GRAVE = ("high", "critical")

_Report = Mapping[str, Any]


def main() -> int:
    """Audit both; the exit status is 1 where a vulnerability was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--osv-url", help="A mirror of the OSV service, asked in place of PyPI and OSV.")
    arguments = parser.parse_args()
    found = [*_audit_python(arguments.osv_url)]
    for folder in _PAGE_FOLDERS:
        found += _audit_page(folder)
    for line in found:
        _say(f"VULNERABLE: {line}")
    return 1 if found else 0


def _audit_python(osv_url: str | None) -> list[str]:
    services = [["-s", "osv", "--osv-url", osv_url]] if osv_url else [["-s", "pypi"], ["-s", "osv"]]
    locks = [argument for lock in _PYTHON_LOCKS for argument in ("-r", lock)]
    # The lock files are whole: nothing is resolved, installed or run.
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off"]
    reason = ""
    for service in services:
        report, reason = _read_report([*command, "--timeout", "5", "--format", "json", *locks, *service])
        audited = [one for one in report.get("dependencies", []) if "skip_reason" not in one]
        if audited:
            unknown = len(report["dependencies"]) - len(audited)
            _say(f"Python packages: {len(audited)} audited, {unknown} unknown to the service.")
            return list(_describe_python(audited))
    _say(f"Python packages: not audited: no advisory service reached. {reason}")
    return []


def _describe_python(audited: Sequence[_Report]) -> Iterator[str]:
    for one in audited:
        for vulnerability in one["vulns"]:
            fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
            yield f"{one['name']} {one['version']}: {vulnerability['id']}, fixed in {fixed}"


def _audit_page(folder: str) -> list[str]:
    npm = shutil.which("npm") or "npm"
    report, reason = _read_report([npm, "--prefix", folder, "audit", "--package-lock-only", "--json"])
    if "auditReportVersion" not in report:
        _say(f"{folder}: not audited: no advisory service reached. {report.get('message') or reason}")
        return []
    grave = [one for one in report["vulnerabilities"].values() if one["severity"] in _GRAVE]
    lesser = len(report["vulnerabilities"]) - len(grave)
    _say(f"{folder}: {report['metadata']['dependencies']['total']} packages audited, {lesser} with lesser advisories.")
    return [f"{folder}: {one['name']}: {one['severity']}" for one in grave]


def _read_report(command: Sequence[str]) -> tuple[_Report, str]:
    """What a tool reports, and the last line of what it complains of; a tool reports nothing without its service."""
    try:
        done = subprocess.run(  # noqa: S603  (both are ours)
            command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S
        )
        report = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return {}, f"It took more than {_TIMEOUT_S} s."
    except ValueError:
        return {}, (done.stderr.strip().splitlines() or [""])[-1]
    return report, ""


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
