"""The longest path of a request, a volume with heat maps, passes through few of our files."""

import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

import tumorscope
from tests.factories import make_nifti_bytes
from tests.waiting import wait_for_state
from tumorscope.api.app import create_app
from tumorscope.api.settings import Settings
from tumorscope.imaging.phantom import draw_phantom

_PACKAGE = Path(tumorscope.__file__).parent
# Around the route: the application, its middleware and dependencies, and the thread that watches for another model.
_AROUND = (
    *("api/app.py", "api/auth/origins.py", "api/lifecycle/", "api/monitoring/logs.py", "model/store.py"),
    *(f"api/http/{name}.py" for name in ("deadline", "dependencies", "middleware", "upload_rate")),
)
_MOST_FILES = 25


@pytest.fixture
def called() -> Iterator[set[str]]:
    """Our files of which a function is called, in threads that begin from now on."""
    files: set[str] = set()

    def record(frame: FrameType, event: str, _argument: Any) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and frame.f_code.co_name != "<module>" and path.is_relative_to(_PACKAGE):
            files.add(str(path.relative_to(_PACKAGE)))

    threading.setprofile(record)
    yield files
    threading.setprofile(None)


def test_volume_with_heat_maps_passes_through_few_files(called: set[str]) -> None:
    heads = np.stack([draw_phantom(1, lesion=4 < index < 10, size=128) for index in range(20)], axis=2)
    volume = make_nifti_bytes(heads.astype(np.int16), compressed=True)
    with TestClient(create_app(Settings())) as client:
        wait_for_state(client, "ready")
        called.clear()
        answer = client.post("/predict?explain=heatmap", content=volume).json()
        files = sorted(name for name in called if not name.startswith(_AROUND))
    first, last = answer["findings"][0]["slices"]
    drawn = [answer["explanation"], *answer["explanation"]["further"]]
    assert sorted(one["slice_index"] for one in drawn) == list(range(first, last + 1))
    assert "inference/pipeline.py" in files
    assert len(files) <= _MOST_FILES, files
