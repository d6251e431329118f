from tailrace.testing import run_workflow
from workflows.names import workflow


def test_names_are_sent_in_order_and_flushed_once() -> None:
    run = run_workflow(workflow)

    assert run.sent == [("names", {"name": name}) for name in ["Luke", "Han", "Leia", "Obi Wan"]]
    assert len(run.result.batches) == 1
