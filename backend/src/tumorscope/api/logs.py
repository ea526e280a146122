"""Log records in, lines of JSON out; a record holds what its caller names, never a file name or patient data."""

import json
import logging
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


def configure_logs(level: str) -> None:
    """Send every log of the process, uvicorn's too, to standard output as JSON.

    Parameters
    ----------
    level : str
        ``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``.
    """
    handler = logging.StreamHandler(sys.stdout)
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
