"""What the workers of one run share, and what generated tests leave to a slow machine."""

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.once import keep_in

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


# As `tumorscope` itself sets it, before NumPy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# The name that Starlette's test client asks by.
os.environ["TUMORSCOPE_ALLOWED_HOSTS"] = "testserver"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put training first: its files take longest, and one worker would be left with them."""
    items.sort(key=lambda item: "training" not in item.path.parts)


@pytest.fixture(scope="session", autouse=True)
def _shared_by_workers(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    # A worker's folder is one of several in the run's.
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    keep_in(shared)
    # Which engine was fastest: all processes of a run use the same.
    os.environ["XDG_CACHE_HOME"] = str(shared / "cache")
