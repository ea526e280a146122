"""What the workers of one run share."""

import os

import pytest

from tests.once import keep_in


@pytest.fixture(scope="session", autouse=True)
def _shared_by_workers(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    # A worker's folder is one of several in the run's.
    keep_in(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)
