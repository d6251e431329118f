"""One JSON object a line: the time, what happened, and its fields."""

import json
import logging
import sys
from datetime import UTC, datetime

from stream_service import report

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


class JsonFormatter(logging.Formatter):
    """Formats a record and what came in `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the record as one line of JSON."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "event": record.getMessage(),
            "logger": record.name,
            **{key: value for key, value in vars(record).items() if key not in _STANDARD},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(level: str) -> None:
    """Send every logger's lines to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger(report.__name__).setLevel(logging.INFO)  # its lines are numbers, of whatever level the others are
    logging.getLogger("botocore").setLevel(logging.WARNING)  # it tells where it finds credentials
