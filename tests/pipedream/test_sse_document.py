"""The three snippets of Pipedream's page on the SSE destination, as they stand there, up to the bytes on the wire."""

from pathlib import Path

import pytest

from tailrace import Workflow
from tailrace.in_memory import InMemoryNotifier
from tailrace.node import NodeStep
from tailrace.testing import run_workflow

DOCUMENT = Path(__file__).parent / "document"


@pytest.mark.parametrize(
    ("snippet", "sent"),
    [
        ("code_step", [("events", {"name": "Luke Skywalker"})]),
        ("many_names", [("names", {"name": name}) for name in ("Luke", "Han", "Leia", "Obi Wan")]),
        ("component_action", [("events", {"name": "Luke Skywalker"})]),
    ],
)
def test_a_snippet_of_the_document_sends_what_it_says(snippet: str, sent: list[tuple[str, object]]) -> None:
    notifier = InMemoryNotifier()
    workflow = Workflow("p_aBcDeF")
    workflow.step(snippet, NodeStep(DOCUMENT, f"{snippet}.mjs"))

    run = run_workflow(workflow, notifier=notifier)

    assert run.status == "Completed"
    assert run.sent == sent
    assert len(notifier.batches) == 1
    assert run.steps == {snippet: {}}
