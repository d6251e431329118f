"""How a run is shown: nothing that a step or its caller chose commands the terminal."""

import pytest

from cli.invoke_view import show_answer
from cli.run_answer import RunAnswer

TRICK = "\x1b]52;c;aGVsbG8=\x07"
ESCAPED = "\\u001b]52;c;aGVsbG8=\\u0007"


def test_names_types_and_messages_that_would_command_the_terminal_are_shown_escaped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    summary = {
        "status": "Failed",
        "error": {"step": "send", "type": TRICK, "message": TRICK},
        "steps": {TRICK: {"$return_value": {TRICK: TRICK}, TRICK: "another"}},
    }
    show_answer(RunAnswer(http_status=500, run_id="r", trace_id="t", summary=summary), seconds=1)

    shown = capsys.readouterr().out
    assert shown.count(ESCAPED) == 6
    assert all(character.isprintable() or character == "\n" for character in shown)
