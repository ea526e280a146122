"""Orthanc, an archive that speaks DICOM and DICOMweb, as a process of its own on free ports."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.tls import Certificate
from tests.waiting import PATIENCE_S, wait_until

_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
_PROGRAMS = ("Orthanc", "storescu", "dcmsend", "findscu")
_ASK_FOR_TOKEN = """
function IncomingHttpRequestFilter(method, uri, ip, username, httpHeaders)
  return httpHeaders['authorization'] == 'Bearer {token}'
end
"""  # noqa: S105  (a script)

WHY_NOT = (
    None
    if _PLUGIN.exists() and all(map(shutil.which, _PROGRAMS))
    else "Orthanc, its DICOMweb or DCMTK is absent; on Debian: apt-get install orthanc orthanc-dicomweb dcmtk"
)
"""Why it cannot be started here; None where it can."""

needs_orthanc = pytest.mark.skipif(WHY_NOT is not None, reason=WHY_NOT or "")


@dataclass(frozen=True)
class Orthanc:
    """A running archive; started again in the same folder, it has the same ports and images."""

    http: int
    dicom: int
    client: httpx.Client
    certificate: Certificate | None = None

    @property
    def dicomweb(self) -> str:
        """Address of its DICOMweb."""
        return f"http://127.0.0.1:{self.http}/dicom-web"

    def send(self, folder: Path) -> None:
        """Send the DICOM files of a folder by C-STORE; by DICOM TLS where the archive has a certificate."""
        files = sorted(map(str, folder.rglob("*.dcm")))
        tls = [] if self.certificate is None else [*("+tla", "+cf"), str(self.certificate.file)]
        subprocess.run(["storescu", *tls, "--call", "ORTHANC", "127.0.0.1", str(self.dicom), *files], check=True)

    def find(self, **keys: str) -> str:
        """What `findscu` prints of the instances that match."""
        asked = [option for name, value in keys.items() for option in ("-k", f"{name}={value}")]
        command = ["findscu", "-S", "--call", "ORTHANC", "-k", "QueryRetrieveLevel=IMAGE", *asked]
        run = subprocess.run([*command, "127.0.0.1", str(self.dicom)], capture_output=True, text=True, check=True)
        return run.stderr + run.stdout

    def put(self, files: list[bytes]) -> None:
        """Upload files."""
        for file in files:
            self.client.post("/instances", content=file).raise_for_status()

    def list_uids(self, **tags: str) -> list[str]:
        """SOP Instance UIDs of all that it holds, or of those that match."""
        query = {"Level": "Instance", "Expand": True, "Query": tags}
        found = self.client.post("/tools/find", json=query).raise_for_status().json()
        return sorted(one["MainDicomTags"]["SOPInstanceUID"] for one in found)

    def clear(self) -> None:
        """Delete all studies."""
        for study in self.client.get("/studies").json():
            self.client.delete(f"/studies/{study}").raise_for_status()


@contextmanager
def run_orthanc(
    folder: Path,
    *,
    login: tuple[str, str] | None = None,
    token: str | None = None,
    certificate: Certificate | None = None,
) -> Iterator[Orthanc]:
    """Start it; it is ended with the context.

    Parameters
    ----------
    folder : Path
        What it keeps; its configuration stays there.
    login : tuple of str, optional
        User and password that HTTP needs.
    token : str, optional
        Bearer token that HTTP needs.
    certificate : Certificate, optional
        DICOM is encrypted with it. HTTP is not: Debian's Orthanc 1.10 breaks down at the first request by TLS.
    """
    configuration = folder / "configuration.json"
    if not configuration.exists():
        _configure(folder, login, token, certificate)
    stated = json.loads(configuration.read_text())
    http, dicom = stated["HttpPort"], stated["DicomPort"]
    with httpx.Client(
        base_url=f"http://127.0.0.1:{http}",
        auth=login,
        headers={"Authorization": f"Bearer {token}"} if token else {},
        timeout=PATIENCE_S,
        trust_env=False,
    ) as client:
        orthanc = Orthanc(http, dicom, client, certificate)
        with (
            (folder / "log").open("wb") as log,
            subprocess.Popen(["Orthanc", configuration], stdout=log, stderr=log) as popen,
        ):
            try:
                wait_until(lambda: _answers(client, popen))
                yield orthanc
            finally:
                # In order it ends only after three seconds. What it acknowledged is on its disk.
                popen.kill()


def _configure(folder: Path, login: tuple[str, str] | None, token: str | None, certificate: Certificate | None) -> None:
    with socket.socket() as http, socket.socket() as dicom:
        for probe in (http, dicom):
            probe.bind(("127.0.0.1", 0))
        ports = http.getsockname()[1], dicom.getsockname()[1]
    stated: dict[str, object] = {
        "StorageDirectory": str(folder),
        "IndexDirectory": str(folder),
        "Plugins": [str(_PLUGIN)],
        "HttpPort": ports[0],
        "DicomPort": ports[1],
        "RemoteAccessAllowed": False,
        "DicomAlwaysAllowFind": True,
        "AuthenticationEnabled": login is not None,
        "RegisteredUsers": dict([login]) if login else {},
        "DicomWeb": {"Enable": True},
    }
    if token is not None:
        script = folder / "ask_for_token.lua"
        script.write_text(_ASK_FOR_TOKEN.format(token=token))
        stated["LuaScripts"] = [str(script)]
    if certificate is not None:
        stated |= {
            "DicomTlsEnabled": True,
            "DicomTlsCertificate": str(certificate.file),
            "DicomTlsPrivateKey": str(certificate.key),
            "DicomTlsTrustedCertificates": str(certificate.file),
            "DicomTlsRemoteCertificateRequired": False,
        }
    (folder / "configuration.json").write_text(json.dumps(stated))


def _answers(client: httpx.Client, popen: subprocess.Popen[bytes]) -> bool:
    assert popen.poll() is None, "Orthanc ended; its log says why"
    try:
        return client.get("/system").is_success
    except httpx.TransportError:
        return False
