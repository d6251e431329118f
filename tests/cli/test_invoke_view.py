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


def test_reason_of_an_exit_is_not_told_as_why_the_step_failed(capsys: pytest.CaptureFixture[str]) -> None:
    error = {"step": "check", "type": "ValueError", "message": "no planet"}
    exited, failed = (
        {"status": status, "exit_reason": "nothing to do", **more}
        for status, more in (("Exited", {}), ("Failed", {"error": error}))
    )
    for summary in (exited, failed):
        show_answer(RunAnswer(http_status=200, run_id="r", trace_id="t", summary=summary), seconds=1)

    first, second, third = capsys.readouterr().out.splitlines()
    assert first.startswith("Exited: nothing to do in 1.00 s")
    assert second.startswith("Failed in 1.00 s")
    assert third == "The step 'check' raised ValueError: no planet"
