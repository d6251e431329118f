"""One readable log of several processes: whose line it is, and its JSON as event and fields.

Paths and payloads stand in it that strangers chose, such as a page that is open in a browser: what could move the
terminal's cursor, or write to its clipboard, is shown escaped.
"""

import json
import threading
from collections.abc import Mapping
from datetime import datetime

from rich.console import Console
from rich.text import Text

from cli.readable import readable

_COLOURS = {"api": "cyan", "stream": "magenta", "aws": "yellow", "tailrace": "green"}
_LEVELS = {"WARNING": "bold yellow", "ERROR": "bold red", "CRITICAL": "bold red"}
_WIDTH = max(map(len, _COLOURS))
_NOT_SHOWN = frozenset(
    {
        "time",
        "timestamp",
        "level",
        "event",
        "message",
        "logger",
        "name",
        "location",
        "service",
        "taskName",
        "sampling_rate",
    }
    | {"cold_start", "function_name", "function_memory_size", "function_arn", "function_request_id", "xray_trace_id"}
    | {"exception", "exception_name", "stack_trace"}
)
_IMPORT_MACHINERY = ('"<frozen ', "/importlib/", "/tailrace/modules.py")


class LogView:
    """Prints the lines of the system's processes, from any thread."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self.only_troubles = False
        """Leave out JSON lines below WARNING."""

    def say(self, text: str, *, style: str = "") -> None:
        """Print a line of the command's own."""
        self._print("tailrace", Text(text, style=style))

    def show(self, name: str, line: str) -> None:
        """Print a process's line."""
        fields = _fields(line)
        if fields is None:
            self._print(name, Text(readable(line.expandtabs())))
        elif fields.get("level") in _LEVELS or not (self.only_troubles or _is_chatter(fields)):
            self._print(name, _event(fields))

    def _print(self, name: str, text: Text) -> None:
        clock = datetime.now().astimezone().strftime("%H:%M:%S")
        with self._lock:
            for line in text.split("\n", allow_blank=True):
                prefix = Text.assemble((clock, "dim"), " ", (name.ljust(_WIDTH), _COLOURS.get(name, "")), " ")
                self._console.print(prefix + line, soft_wrap=True, highlight=False)


def _fields(line: str) -> Mapping[str, object] | None:
    if not line.startswith("{"):
        return None
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    return fields if "event" in fields or "message" in fields or "_aws" in fields else None


def _is_chatter(fields: Mapping[str, object]) -> bool:
    """Whether a line is for CloudWatch, or one by which the web server speaks of itself."""
    return "_aws" in fields or str(fields.get("logger", "")).startswith("uvicorn")


def _event(fields: Mapping[str, object]) -> Text:
    event = fields.get("event", fields.get("message"))
    words = event if isinstance(event, str) else json.dumps(event)
    text = Text(_readable_lines(words), style=_LEVELS.get(str(fields.get("level")), ""))
    for name, value in fields.items():
        if name not in _NOT_SHOWN and value is not None:
            text.append(f" {readable(name)}=", style="dim")
            text.append(_readable_lines(value if isinstance(value, str) else json.dumps(value)), style="not bold")
    if exception := fields.get("exception"):
        text.append(f"\n{_readable_lines(_without_machinery(str(exception)))}", style="not bold")
    return text


def _readable_lines(text: str) -> str:
    return "\n".join(readable(line.expandtabs()) for line in text.split("\n"))


def _without_machinery(traceback: str) -> str:
    """Leave out the frames by which Python imports a module: their reader has written the module."""
    kept, skipping = [], False
    for line in traceback.splitlines():
        if line.startswith('  File "'):
            skipping = any(part in line for part in _IMPORT_MACHINERY)
        elif not line.startswith("    "):
            skipping = False
        if not skipping:
            kept.append(line)
    return "\n".join(kept)
