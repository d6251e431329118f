from tailrace.testing import run_workflow
from workflows.failing import workflow


def test_what_was_sent_before_the_failure_is_delivered_and_nothing_after() -> None:
    run = run_workflow(workflow)

    assert run.sent == [
        ("progress", {"text": "begun", "percent": 0}),
        ("progress", {"text": "dividing", "percent": 50}),
    ]
    assert run.status == "Failed"
    assert run.error is not None
    assert (run.error.step, run.error.type) == ("divide", "ZeroDivisionError")
