"""Log records in, lines of JSON out; a record holds what its caller names, never a file name or patient data."""

import json
import logging
import os
import stat
import sys
from datetime import UTC, datetime

_FIELDS = "fields"


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            # The message of an exception may quote what was sent; its class and place are enough to find the fault.
            line["exception"] = type(record.exc_info[1]).__name__
            line["stack"] = _places(record.exc_info[1])
        return json.dumps(line)


class _DescriptorHandler(logging.Handler):
    """Writes whole lines to a file descriptor; one that cannot be written is left out and counted in the next.

    A full disk, a reader that has ended and one that reads no more keep no request from its answer.

    Parameters
    ----------
    descriptor : int
        A pipe does not block any more from here on.
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
            # The half of a line stays by itself.
            self._begin = b"\n"


def configure_logs(level: str) -> None:
    """Send every log of the process, uvicorn's too, to standard output as JSON.

    Parameters
    ----------
    level : str
        ``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``.
    """
    handler = _DescriptorHandler(sys.stdout.fileno())
    handler.setFormatter(_JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Its access log holds the raw path and the client's address; ours has a line a request instead.
    logging.getLogger("uvicorn.access").disabled = True


def log_event(event: str, level: int = logging.INFO, error: BaseException | None = None, **fields: object) -> None:
    """Write one line; `fields` become its members, beside the class and place of `error`."""
    logging.getLogger("tumorscope").log(level, event, exc_info=error, extra={_FIELDS: fields})


def _places(error: BaseException) -> list[str]:
    """``module:line`` of each frame, outermost first."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        places.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return places
