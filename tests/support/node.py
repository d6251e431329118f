"""Node.js steps that a test writes itself."""

from dataclasses import dataclass, field
from pathlib import Path

from tailrace import Workflow
from tailrace.node import NodeStep
from tailrace.notice import Notifier
from tailrace.testing import WorkflowRun, run_workflow


@dataclass(slots=True)
class NodeSteps:
    """A workflow to give steps of JavaScript to."""

    folder: Path
    workflow: Workflow = field(default_factory=lambda: Workflow("p_node"))

    def add(self, name: str, source: str, *, suffix: str = ".mjs", **props: object) -> None:
        """Add a file as a step."""
        self.write(f"{name}{suffix}", source)
        self.workflow.step(name, NodeStep(self.folder, f"{name}{suffix}"), **props)

    def code(self, name: str, body: str, **props: object) -> None:
        """Add a code step by the body of its `run`."""
        source = f"export default defineComponent({{ async run({{ steps, $ }}) {{\n{body}\n}} }});"
        self.add(name, source, suffix=".mjs", **props)

    def write(self, path: str, text: str) -> None:
        """Put a file beside the steps."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def run(
        self, body: object = None, *, notifier: Notifier | None = None, deadline: float | None = None
    ) -> WorkflowRun:
        """Run the workflow."""
        return run_workflow(self.workflow, body=body, notifier=notifier, deadline=deadline)

    def run_code(self, body: str) -> WorkflowRun:
        """Run a workflow of one code step, called `code`."""
        self.code("code", body)
        return self.run()
