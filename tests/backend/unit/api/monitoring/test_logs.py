"""The log has lines of JSON, and of what libraries say of a file only where they said it."""

import json
import subprocess
import sys
from typing import Any

_SPEAK = """
import logging, warnings
from PIL import Image
from tumorscope.api.monitoring.logs import configure_logs, log_event

configure_logs("DEBUG")
logging.getLogger("PIL.TiffImagePlugin").debug("tag: PatientName - value: %s", "Jane Doe")
logging.getLogger("pydicom").warning("Invalid value for VR PN: Jane Doe")
warnings.warn("Jane Doe", Image.DecompressionBombWarning)
log_event("own", answer=1)
"""


def _read_log() -> list[dict[str, Any]]:
    run = subprocess.run([sys.executable, "-c", _SPEAK], capture_output=True, text=True, check=True)
    assert "Jane" not in run.stdout + run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_messages_and_warnings_of_libraries_are_logged_without_what_they_quote() -> None:
    tiff, dicom, warning, own = _read_log()
    assert (tiff["event"], tiff["library"], tiff["level"]) == ("library_message", "PIL.TiffImagePlugin", "debug")
    assert (dicom["event"], dicom["library"], dicom["level"]) == ("library_message", "pydicom", "warning")
    assert (warning["event"], warning["type"]) == ("library_warning", "DecompressionBombWarning")
    assert (own["event"], own["answer"]) == ("own", 1)
