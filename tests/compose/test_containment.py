"""What a container may do, and what stays of a patient's data."""

import json
import subprocess
from ipaddress import ip_network

import httpx
import pytest

from tests.compose.predicting import assert_predicted, phantom_file, post_picture
from tests.compose.stack import ROOT, Stack, compose_command, run

SERVICES = ("backend", "frontend")


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_container_does_not_run_as_root(stack: Stack, service: str) -> None:
    assert int(stack.execute(service, "id", "-u")) != 0


def test_root_file_system_cannot_be_written(stack: Stack, service: str) -> None:
    assert stack.inspect(service)["HostConfig"]["ReadonlyRootfs"]
    # As root, so that it is not the missing right that stops it.
    for folder in ("/", "/etc", "/usr", "/var"):
        attempt = subprocess.run(
            ["docker", "exec", "--user", "0", stack.container(service), "touch", f"{folder}/written"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert attempt.returncode != 0
        assert "Read-only file system" in attempt.stderr


def test_container_has_no_capabilities_and_gets_no_new_privileges(stack: Stack, service: str) -> None:
    status = dict(line.split(":\t", 1) for line in stack.execute(service, "cat", "/proc/1/status").splitlines())
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1"


def test_container_is_limited_in_memory_and_processes(stack: Stack, service: str) -> None:
    limits = stack.inspect(service)["HostConfig"]
    assert limits["Memory"] > 0
    assert limits["PidsLimit"] > 0


def test_only_the_page_is_published_and_to_this_machine_only(stack: Stack) -> None:
    published = {service: stack.inspect(service)["NetworkSettings"]["Ports"] for service in SERVICES}
    assert published["frontend"]["8080/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": str(stack.web_port)}]
    assert not any(bindings for port, bindings in published["frontend"].items() if port != "8080/tcp")
    assert not any(published["backend"].values())


def test_service_has_no_way_out(stack: Stack) -> None:
    networks = stack.inspect("backend")["NetworkSettings"]["Networks"]
    assert [json.loads(run(["docker", "network", "inspect", name]))[0]["Internal"] for name in networks] == [True]


def test_service_does_not_reach_this_machine(stack: Stack) -> None:
    name = next(iter(stack.inspect("backend")["NetworkSettings"]["Networks"]))
    (addresses,) = json.loads(run(["docker", "network", "inspect", name]))[0]["IPAM"]["Config"]
    gateway = addresses.get("Gateway") or next(ip_network(addresses["Subnet"]).hosts())
    # An address that is somebody's answers, if only by refusing the connection.
    knock = f"""
import socket
try:
    socket.create_connection(("{gateway}", 22), timeout=5).close()
    print("open")
except ConnectionRefusedError:
    print("refused")
except OSError:
    print("nobody")
"""
    assert stack.execute("backend", "python", "-c", knock).strip() == "nobody"


def test_backend_image_is_below_700_mb(stack: Stack) -> None:
    assert stack.image_bytes("backend") < 700e6


def test_upload_leaves_no_file_and_no_name_in_the_logs(stack: Stack, client: httpx.Client) -> None:
    before = _list_written_files(stack)
    assert_predicted(post_picture(client, phantom_file(), "Jane_Doe_1970.png"))
    client.post("/api/predict?name=Jane_Doe_1970", files={"file": ("Jane_Doe_1970.png", b"no picture")})
    client.get("/Jane_Doe_1970.png")
    client.get("/api/Jane_Doe_1970.png")
    assert _list_written_files(stack) == before
    logs = stack.logs()
    assert logs.count('"area":"api"') >= 3
    assert '"event": "request"' in logs
    assert "Jane" not in logs


def test_gpu_override_is_valid_and_reserves_a_gpu() -> None:
    files = ["-f", "docker-compose.yml", "-f", "docker-compose.gpu.yml"]
    configuration = run([*compose_command(), *files, "config"])
    assert "requirements-gpu.lock" in configuration
    assert "driver: nvidia" in configuration
    assert (ROOT / "backend" / "requirements-gpu.lock").exists()


def _list_written_files(stack: Stack) -> dict[str, str]:
    """All of them: a container can write nowhere but to its /tmp."""
    return {service: stack.execute(service, "find", "/tmp", "-type", "f") for service in SERVICES}  # noqa: S108
