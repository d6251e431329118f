"""The log of several processes reads as one."""

import io
import json

import pytest
from rich.console import Console

from cli.log_view import LogView


def _shown(*lines: str, only_troubles: bool = False) -> list[str]:
    output = io.StringIO()
    view = LogView(Console(file=output, width=40))
    view.only_troubles = only_troubles
    for line in lines:
        view.show("api", line)
    return [line.partition(" ")[2].rstrip() for line in output.getvalue().splitlines()]


def test_json_line_is_shown_as_event_and_fields() -> None:
    line = json.dumps(
        {"level": "INFO", "timestamp": "2026-01-01", "message": "run_ended", "workflow_id": "p_hello", "sent": 4}
    )

    assert _shown(line) == ["api      run_ended workflow_id=p_hello sent=4"]


def test_other_line_is_shown_as_it_is() -> None:
    assert _shown("[bold]no markup[/] {x}", "{not json}", "[1, 2]") == [
        "api      [bold]no markup[/] {x}",
        "api      {not json}",
        "api      [1, 2]",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "\x1b]52;c;aGVsbG8=\x07\x9b2J\r",
        json.dumps({"event": "request_answered", "path": "/\x1b]52;c;aGVsbG8=\x07\x9b2J\r"}),
        json.dumps({"event": "\x1b]52;c;aGVsbG8=\x07\x9b2J\r", "\x1b[2J": 1}),
        json.dumps({"event": "failed", "exception": "Traceback:\n  \x1b]52;c;aGVsbG8=\x07\x9b2J\r"}),
    ],
    ids=["a line", "a field", "an event", "an exception"],
)
def test_what_would_command_the_terminal_is_shown_escaped(line: str) -> None:
    shown = "\n".join(_shown(line))

    assert "\\u001b]52;c;aGVsbG8=\\u0007\\u009b2J" in shown
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_long_line_is_not_broken() -> None:
    assert len(_shown("x" * 500)) == 1


def test_exception_follows_its_event_line_by_line() -> None:
    line = json.dumps({"level": "ERROR", "event": "failed", "exception": "Traceback:\n  boom"})

    assert _shown(line) == ["api      failed", "api      Traceback:", "api        boom"]


def test_traceback_of_an_import_begins_in_the_module_that_was_imported() -> None:
    traceback = (
        "Traceback (most recent call last):\n"
        '  File "/x/tailrace/modules.py", line 70, in _import\n'
        "    importlib.import_module(name)\n"
        "    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        '  File "<frozen importlib._bootstrap>", line 1204, in _gcd_import\n'
        '  File "/x/workflows/broken.py", line 1, in <module>\n'
        "    import stripe\n"
        "ModuleNotFoundError: No module named 'stripe'"
    )

    assert _shown(json.dumps({"event": "module_not_imported", "exception": traceback})) == [
        "api      module_not_imported",
        "api      Traceback (most recent call last):",
        'api        File "/x/workflows/broken.py", line 1, in <module>',
        "api          import stripe",
        "api      ModuleNotFoundError: No module named 'stripe'",
    ]


def test_metrics_are_left_out() -> None:
    assert _shown(json.dumps({"_aws": {"Timestamp": 1}, "Runs": 1})) == []


def test_until_the_system_is_ready_only_troubles_are_shown() -> None:
    lines = [json.dumps({"level": level, "event": level.lower()}) for level in ("INFO", "WARNING", "ERROR")]

    assert _shown(*lines, "Traceback", only_troubles=True) == [
        "api      warning",
        "api      error",
        "api      Traceback",
    ]


def test_web_server_speaks_of_itself_only_in_trouble() -> None:
    lines = [
        json.dumps({"level": level, "event": "Started", "logger": "uvicorn.error"}) for level in ("INFO", "WARNING")
    ]

    assert _shown(*lines) == ["api      Started"]
