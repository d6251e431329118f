"""How `tailrace tail` shows a stream: events on standard output, and what becomes of the connection beside them."""

import json
import sys
from typing import Any, Protocol
from zlib import crc32

from rich.console import Console
from rich.text import Text

from cli.event_stream import Received
from cli.follow import Heard, Lost, Opened
from cli.readable import readable, readable_json

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_red", "bright_cyan", "bright_magenta")
_SYNC, _GAP = "$sync", "$gap"


class _EventView(Protocol):
    def show(self, event: Received) -> None:
        """Write one event as one line, at once."""


class TextEvents:
    """Events for people: id, channel in its colour, payload."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)

    def show(self, event: Received) -> None:
        """Write one event as one line."""
        if event.channel == _GAP:
            line = Text(explain_gap(event.data), style="bold yellow")
        else:
            channel = (readable(event.channel), colour_of(event.channel))
            line = Text.assemble((readable(event.id), "dim"), " ", channel, " ", readable_json(event.data))
        self._console.print(line, soft_wrap=True)


class JsonEvents:
    """Events for programs: one object a line, the payload as it came."""

    def __init__(self) -> None:
        self._notes = Console(stderr=True, highlight=False)

    def show(self, event: Received) -> None:
        """Write one event as one line; a gap is told in words, too."""
        if event.channel == _GAP:
            self._notes.print(Text(explain_gap(event.data), style="bold yellow"), soft_wrap=True)
        head = f'{{"id":{json.dumps(event.id)},"channel":{json.dumps(event.channel)},"payload":'
        sys.stdout.write(f"{head}{event.data}}}\n")
        sys.stdout.flush()


class TailView:
    """Shows what is heard of a stream."""

    def __init__(self, events: _EventView) -> None:
        self._events = events
        self._notes = Console(stderr=True, highlight=False)
        self._lost = False

    def show(self, heard: Heard) -> None:
        """Show one thing."""
        match heard:
            case Received(channel=channel):
                if channel != _SYNC:
                    self._events.show(heard)
            case Opened():
                self._note(_opened(heard, again=self._lost))
                self._lost = False
            case Lost(reason=reason, pause=pause):
                if not self._lost:  # once, however long it takes
                    self._note(f"{reason}; trying again in {pause:.1f} s.")
                self._lost = True

    def _note(self, text: str) -> None:
        self._notes.print(Text(readable(text), style="dim"), soft_wrap=True)


def explain_gap(data: str) -> str:
    """Say in words what a `$gap` event tells."""
    try:
        gap: dict[str, Any] = json.loads(data)
        reason, missed, requested, following = (gap.get(key) for key in ("reason", "missed", "requested", "next"))
    except (ValueError, AttributeError):
        return readable(f"Events are missing here: {data}")
    which = {None: "Events", 1: "1 event"}.get(missed, f"{missed} events")
    words = {
        "expired": f"{which} behind {requested} can't be had any more: older than the stream keeps them.",
        "cleared": f"{which} behind {requested} can't be had any more: somebody cleared the stream.",
        "unknown": f"The stream does not know the id {requested}: it may have begun anew. Its newest events follow.",
    }
    text = words.get(str(reason), f"{which} behind {requested} can't be had any more ({reason}).")
    return readable(f"Gap: {text}" + (f" It goes on with {following}." if following else ""))


def _opened(opened: Opened, *, again: bool) -> str:
    behind = f", behind {opened.cursor}" if opened.cursor else ""
    return f"Connected again{behind}." if again else f"Following {opened.url}{behind}. Ctrl-C ends it."


def colour_of(channel: str) -> str:
    """The colour of a channel, the same everywhere and at each start."""
    return _COLOURS[crc32(channel.encode()) % len(_COLOURS)]
