"""Every block of Python in a document is a module of workflows that loads, runs, and passes its own tests."""

import shutil
from pathlib import Path
from types import ModuleType

import pytest

from tailrace.modules import import_folder
from tailrace.testing import run_workflow
from tailrace.values import Json
from tailrace.workflow import Workflow
from tests.support.markdown import ROOT, Block, blocks

PYTHON = [block for block in blocks() if block.language == "python"]
EVENT: dict[str, Json] = {
    "timestamp": 1795507200,
    "body": {"name": "Luke", "order": "A-17", "planet": "Hoth"},
    "query": {},
    "headers": {},
}


def test_there_is_python_to_run() -> None:
    assert {block.document for block in PYTHON} >= {"README.md", "docs/writing-workflows.md"}


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_runs(block: Block, tmp_path: Path) -> None:
    module = load(block, tmp_path / "workflows")

    for workflow in [value for value in vars(module).values() if isinstance(value, Workflow)]:
        run = run_workflow(workflow, EVENT)
        assert run.error is None
        assert run.status == "Completed"
    for name in [name for name in vars(module) if name.startswith("test_")]:
        getattr(module, name)()


def load(block: Block, folder: Path) -> ModuleType:
    """Put a block into a folder of workflows as ours, beside the steps of JavaScript that we have."""
    folder.mkdir()
    shutil.copytree(ROOT / "workflows" / "steps", folder / "steps", ignore=shutil.ignore_patterns("node_modules"))
    # So that the lines in a traceback are those of the document.
    (folder / "block.py").write_text("\n" * (block.line - 1) + block.text)
    modules, failures = import_folder(folder)
    assert failures == ()
    return modules["block"]
