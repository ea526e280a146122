"""Log records in, lines of JSON out; a record has only the fields that its caller names, and no patient data.

Libraries that read files quote them in their messages and warnings: of these only type and place are logged.
"""

import json
import logging
import os
import stat
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from traceback import walk_tb
from typing import TextIO

_FIELDS = "fields"
# Whose messages hold nothing of a file.
_TRUSTED = {"tumorscope", "uvicorn", "asyncio"}


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        if record.name.partition(".")[0] in _TRUSTED:
            line |= {"event": record.getMessage(), **getattr(record, _FIELDS, {})}
        else:
            line |= {"event": "library_message", "library": record.name, "place": f"{record.module}:{record.lineno}"}
        if record.exc_info and record.exc_info[1] is not None:
            # The message of an exception may quote the upload; its class and location are enough to find the fault.
            line["exception"] = type(record.exc_info[1]).__name__
            frames = walk_tb(record.exc_info[1].__traceback__)
            line["stack"] = [f"{frame.f_globals.get('__name__', '?')}:{number}" for frame, number in frames]
        return json.dumps(line)


class _DescriptorHandler(logging.Handler):
    """Writes whole lines to a file descriptor; a line that cannot be written is dropped and counted in the next one.

    So a full disk or a blocked reader of a pipe delays no request.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lost = 0
        self._begin = b""
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            os.set_blocking(descriptor, False)

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        if self._lost:
            fields = getattr(record, _FIELDS, {})
            setattr(record, _FIELDS, {**fields, "lines_lost_before": self._lost})
        line = self._begin + self.format(record).encode() + b"\n"
        try:
            written = os.write(self._descriptor, line)
        except OSError:
            written = 0
        if written == len(line):
            self._lost, self._begin = 0, b""
            return
        self._lost += 1
        if written:
            # The partial line stays on a line of its own.
            self._begin = b"\n"


def configure_logs(level: str) -> None:
    """Send all logs of the process, including uvicorn's, to standard output as JSON."""
    handler = _DescriptorHandler(sys.stdout.fileno())
    handler.setFormatter(_JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    warnings.showwarning = _log_warning
    # Its access log has the raw path and the client's address; ours has one line a request instead.
    logging.getLogger("uvicorn.access").disabled = True


def _log_warning(
    message: Warning | str,  # noqa: ARG001  (the signature is that of `warnings.showwarning`)
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    path = Path(filename)
    log_event(
        "library_warning", logging.WARNING, type=category.__name__, place=f"{path.parent.name}.{path.stem}:{lineno}"
    )


def log_event(event: str, level: int = logging.INFO, error: BaseException | None = None, **fields: object) -> None:
    """Write one line with these fields, and with the class and stack of `error`."""
    logging.getLogger("tumorscope").log(level, event, exc_info=error, extra={_FIELDS: fields})
