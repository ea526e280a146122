"""Damaged files end as a scan or as an error of the contract, soon, and nothing of them stays in memory.

Some hundreds of them in each run; `python -m tests.attacks.mutate` for a long one.
"""

import pytest

from tests.attacks.mutate import Report, make_studies, read_real, run

_COUNT = 600
_MOST_MIB = 300


@pytest.fixture(scope="module")
def report() -> Report:
    return run(range(_COUNT), {**make_studies(), **read_real()})


def test_damaged_files_are_scans_or_errors_of_the_contract_soon(report: Report) -> None:
    assert report.faults == []


def test_damage_goes_deep_enough_and_not_too_deep(report: Report) -> None:
    for outcome in ("answered", "corrupt_file"):
        assert sum(count for (_, one), count in report.outcomes.items() if one == outcome) > _COUNT / 10


def test_damaged_files_take_little_memory(report: Report) -> None:
    assert report.above_idle_mib < _MOST_MIB
