"""Node.js steps under `tailrace dev`: they run, and a file that is saved runs as it is now."""

import json
from pathlib import Path

from tests.support.dev import running_dev

WORKFLOW = """
from tailrace import Workflow

workflow = Workflow("p_node")
workflow.node_step("steps/send.mjs")
"""
STEP = """export default defineComponent({
  async run({ steps, $ }) {
    $.send.sse({ channel: "greetings", payload: { text: "TEXT", to: steps.trigger.event.body.name } });
  },
});
"""


def test_a_step_runs_and_runs_as_it_was_saved_last(tmp_path: Path) -> None:
    with running_dev(tmp_path) as dev:
        step = tmp_path / "workflows" / "steps" / "send.mjs"
        step.parent.mkdir()
        step.write_text(STEP.replace("TEXT", "first"))
        dev.write_workflow("node", WORKFLOW)
        first = dev.post("p_node")

        before = dev.printed("api_started")
        step.write_text(STEP.replace("TEXT", "second"))
        dev.expect(lambda: dev.printed("api_started") > before)
        second = dev.post("p_node")

        with dev.stream("p_node") as events:
            seen = [json.loads(next(events).data) for _ in range(2)]

    assert [first.status_code, second.status_code] == [200, 200]
    assert seen == [{"text": text, "to": "Luke Skywalker"} for text in ("first", "second")]
