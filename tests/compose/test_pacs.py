"""A series in by C-STORE, its prediction in the same archive: the profile `pacs` from end to end."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.compose.stack import Stack
from tests.factories import make_dicom_bytes, make_slice
from tests.waiting import PATIENCE_S, wait_until

CONTAINERS = ("orthanc", "watcher")
STUDY = "1.2.826.0.1.3680043.8.498.77"
# From the network in which Prometheus is.
_READ_METRICS = "from urllib.request import urlopen; print(urlopen('http://watcher:9100/metrics').read().decode())"
REPORT, MAP, PICTURE = "1.2.840.10008.5.1.4.1.1.88.34", "1.2.840.10008.5.1.4.1.1.30", "1.2.840.10008.5.1.4.1.1.7"


@pytest.fixture(scope="module")
def beside_an_archive(stack: Stack) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMPOSE_PROFILES", "pacs")
        stack.compose("build", *CONTAINERS)
        # Not the containers that others test.
        stack.compose("up", "--detach", "--no-deps", *CONTAINERS, TUMORSCOPE_PACS_SETTLE_S="2")
        try:
            yield stack
        finally:
            stack.compose("rm", "--stop", "--force", *CONTAINERS)


def _published(stack: Stack, port: int) -> str:
    return stack.compose("port", "orthanc", str(port)).strip()


@pytest.fixture
def archive(beside_an_archive: Stack) -> Iterator[httpx.Client]:
    login = beside_an_archive.execute("watcher", "cat", "/var/lib/tumorscope/archive-keys/archive.login").strip()
    user, _, password = login.partition(":")
    address = f"http://{_published(beside_an_archive, 8042)}"
    # Orthanc closes connections that wait, perhaps when they are used again.
    fresh = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(
        base_url=address, auth=(user, password), timeout=PATIENCE_S, limits=fresh, trust_env=False
    ) as client:
        wait_until(lambda: _answers(client))
        yield client


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/system").is_success
    except httpx.TransportError:
        return False


def _list_classes(archive: httpx.Client) -> set[str]:
    answer = archive.get(f"/dicom-web/studies/{STUDY}/instances").raise_for_status()
    found: list[dict[str, Any]] = answer.json() if answer.content else []
    return {one["00080016"]["Value"][0] for one in found}


def test_series_sent_by_storescu_is_answered_in_the_archive(
    beside_an_archive: Stack, archive: httpx.Client, tmp_path: Path
) -> None:
    if shutil.which("storescu") is None:
        pytest.skip("storescu was not found; on Debian it is in the package dcmtk")
    today = f"{datetime.now(UTC).astimezone():%Y%m%d}"
    for number in range(1, 7):
        stated: dict[str, Any] = {"SOPInstanceUID": f"1.2.3.4.{number}", "ImagePositionPatient": [0, 0, 5 * number]}
        stated |= {"StudyInstanceUID": STUDY, "FrameOfReferenceUID": "1.2.3.9", "StudyDate": today}
        stated |= {"PatientName": "Doe^Jane", "PatientID": "P-4711"}
        (tmp_path / f"{number}.dcm").write_bytes(make_dicom_bytes(make_slice(number, lesion=True).pixels, **stated))
    host, _, port = _published(beside_an_archive, 4242).partition(":")
    subprocess.run(["storescu", "--call", "ORTHANC", "--scan-directories", host, port, tmp_path], check=True)

    wait_until(lambda: {REPORT, MAP, PICTURE} <= _list_classes(archive), every_s=1)

    wait_until(lambda: "study_answered" in beside_an_archive.compose("logs", "watcher"), every_s=1)
    assert beside_an_archive.execute("watcher", "tumorscope", "pacs", "status") == "answered  1\n"
    logs = [beside_an_archive.compose("logs", "--no-color", name) for name in ("watcher", "backend", "frontend")]
    metrics = beside_an_archive.execute("backend", "python", "-c", _READ_METRICS)
    assert 'tumorscope_pacs_studies{state="answered"} 1.0' in metrics
    assert not any(private in log for log in logs for private in ("Doe", "P-4711", STUDY))


def test_archive_asks_for_the_login_that_was_made_for_it(archive: httpx.Client) -> None:
    assert archive.get("/studies").status_code == 200
    for login in (None, ("tumorscope", "tumorscope"), ("orthanc", "orthanc")):
        assert httpx.get(archive.base_url.join("/studies"), auth=login, trust_env=False).status_code == 401


@pytest.mark.parametrize("name", CONTAINERS)
def test_container_is_confined(beside_an_archive: Stack, name: str) -> None:
    description = beside_an_archive.inspect(name)
    assert int(beside_an_archive.execute(name, "id", "-u")) != 0
    status = dict(
        line.split(":\t", 1) for line in beside_an_archive.execute(name, "cat", "/proc/1/status").splitlines()
    )
    assert {int(status[kind], 16) for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert description["HostConfig"]["ReadonlyRootfs"]
    assert description["HostConfig"]["Memory"] > 0


def test_archive_does_not_reach_the_service_and_is_published_on_this_machine_only(beside_an_archive: Stack) -> None:
    networks = {
        name: set(beside_an_archive.inspect(name)["NetworkSettings"]["Networks"]) for name in ("orthanc", "backend")
    }
    assert not networks["orthanc"] & networks["backend"]
    published = beside_an_archive.inspect("orthanc")["NetworkSettings"]["Ports"]
    assert {binding["HostIp"] for bindings in published.values() for binding in bindings or []} == {"127.0.0.1"}
    assert not any(beside_an_archive.inspect("watcher")["NetworkSettings"]["Ports"].values())
