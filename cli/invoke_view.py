"""How `tailrace invoke` shows a run: how it ended, its steps, what it sent, and what went wrong."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from cli.event_stream import Received
from cli.readable import readable, readable_json
from cli.run_answer import RunAnswer
from cli.sent_events import read_sent
from cli.tail_view import colour_of

MAX_SHOWN = 20
"""Events of a run that are shown; `tailrace tail` shows all."""

_LONGEST = 2000
_STYLES = {"Completed": "bold green", "Exited": "bold green", "Accepted": "bold cyan"}


def show_answer(answer: RunAnswer, *, seconds: float) -> None:
    """Print what came of a run."""
    console = Console(highlight=False)
    for line in _lines(answer, seconds):
        console.print(line, soft_wrap=True)


def _lines(answer: RunAnswer, seconds: float) -> list[Text]:
    style = _STYLES.get(answer.status, "bold red")
    reason = answer.summary.get("exit_reason") if answer.status == "Exited" else None  # a step that exits may yet fail
    ended = readable(f"{answer.status}: {reason}" if reason else answer.status)
    head = Text.assemble((ended, style), (f" in {seconds:.2f} s  {_who(answer)}", "dim"))
    return [head, *_error(answer.summary), *_said(answer), *_steps(answer.summary), *_sent(answer.summary)]


def _who(answer: RunAnswer) -> str:
    return f"run {answer.run_id}" if answer.run_id else f"trace {answer.trace_id}"


def _error(summary: Mapping[str, Any]) -> list[Text]:
    error = summary.get("error")
    if not error:
        return []
    where = f"The step {error['step']!r} raised" if error.get("step") else "It ended with"
    message = "\n".join(readable(line) for line in str(error["message"]).split("\n"))
    return [Text.assemble((readable(f"{where} {error['type']}: "), "red"), message)]


def _said(answer: RunAnswer) -> list[Text]:
    if answer.said is None:
        return []
    text = answer.said.decode(errors="replace")
    return [_heading(f"Answered {answer.http_status}"), *(_indented(readable(line)) for line in text.splitlines())]


def _steps(summary: Mapping[str, Any]) -> list[Text]:
    if "steps_omitted" in summary:
        return [_heading("Steps"), _indented(str(summary["steps_omitted"]))]
    steps: Mapping[str, Mapping[str, Any]] = summary.get("steps") or {}
    lines = [_step(name, exports) for name, exports in steps.items()]
    return [_heading("Steps"), *lines] if lines else []


def _step(name: str, exports: Mapping[str, Any]) -> Text:
    returned = exports.get("$return_value")
    told = [] if returned is None else [f"returned {_json(returned)}"]
    repeated = returned.items() if isinstance(returned, dict) else []  # by name, for the steps that follow
    told += [f"{readable(key)} {_json(value)}" for key, value in exports.items() if not _known(key, value, repeated)]
    return Text.assemble("  ", (readable(name), "cyan"), " ", ", ".join(told) or ("nothing returned", "dim"))


def _known(key: str, value: object, repeated: Iterable[tuple[str, object]]) -> bool:
    return key == "$return_value" or (key, value) in repeated


def _sent(summary: Mapping[str, Any]) -> list[Text]:
    sent = summary.get("sent")
    if sent is None:
        return []
    count = sent["count"]
    if not count:
        return [_heading("Sent nothing")]
    first, last = sent["first_id"], sent["last_id"]
    events = read_sent(summary["stream_url"], first_id=first, last_id=last, at_most=MAX_SHOWN)
    lines = [_event(event) for event in events]
    if events and count > len(events):
        lines.append(_indented(f"… and {count - len(events)} more"))
    what = f"1 event, {first}" if count == 1 else f"{count} events, {first} to {last}"
    return [_heading(f"Sent {what}"), *lines]


def _event(event: Received) -> Text:
    channel = (readable(event.channel), colour_of(event.channel))
    return Text.assemble("  ", channel, " ", _short(readable_json(event.data)))


def _json(value: object) -> str:
    return _short(readable_json(json.dumps(value)))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)"


def _heading(text: str) -> Text:
    return Text(text, style="bold")


def _indented(text: str) -> Text:
    return Text(f"  {text}")
