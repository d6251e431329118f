"""`tailrace new`: writes a workflow and its test, to begin with."""

import keyword
import re
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.errors import CommandError
from cli.tail import known_id

_PACKAGE = '"""What you write and deploy: each module here is found and served."""\n'
_WORKFLOW = '''"""Says in one line what this workflow does.

tailrace invoke ID --data '{"name": "Luke"}'
"""

from tailrace import Pd, Workflow

workflow = Workflow("ID")


@workflow.step
def greet(pd: Pd) -> str:
    """Send a greeting to the channel `greetings`."""
    body = pd.steps["trigger"]["event"]["body"]
    name = body["name"] if isinstance(body, dict) and "name" in body else "world"
    greeting = f"Hello {name}!"
    pd.send.sse(channel="greetings", payload={"text": greeting})
    return greeting
'''
_TEST = """from tailrace.testing import run_workflow
from workflows.MODULE import workflow


def test_whom_the_request_names_is_greeted() -> None:
    run = run_workflow(workflow, body={"name": "Luke"})

    assert run.sent == [("greetings", {"text": "Hello Luke!"})]
    assert run.status == "Completed"


def test_request_without_a_name_greets_the_world() -> None:
    assert run_workflow(workflow).sent == [("greetings", {"text": "Hello world!"})]
"""


def new(
    workflow: Annotated[
        str, typer.Argument(metavar="WORKFLOW", help="The new workflow's id, such as p_orders.", show_default=False)
    ],
    *,
    workflows: Annotated[Path, typer.Option(help="The folder of the workflows.")] = Path("workflows"),
    tests: Annotated[
        Path | None, typer.Option(help="The folder of their tests.", show_default="tests/workflows, or tests")
    ] = None,
) -> None:
    """Write a workflow and a test for it; what stands already is never overwritten."""
    workflow_id = known_id(workflow)
    module = module_name(workflow_id)
    _check_new(workflow_id, workflows)
    tests = tests or _tests_folder()
    files = {
        workflows / f"{module}.py": _WORKFLOW.replace("ID", workflow_id),
        tests / f"test_{module}.py": _TEST.replace("MODULE", module),
    }
    for path in files:
        if path.exists():
            raise CommandError(f"{path} is there already.", hint="Choose another id; nothing was written.")
    _write(files if (workflows / "__init__.py").exists() else {workflows / "__init__.py": _PACKAGE, **files})
    console = Console(highlight=False)
    for path in files:
        console.print(f"Wrote {path}", soft_wrap=True, markup=False)
    invoke = f"""tailrace invoke {workflow_id} --data '{{"name": "Luke"}}'"""
    for line in ("", "Run it, while `tailrace dev` runs:", f"  {invoke}", "Test it:", f"  python -m pytest {tests}"):
        console.print(line, soft_wrap=True, markup=False)


def module_name(workflow_id: str) -> str:
    """The module for a workflow's id: one that can be imported, and is found."""
    name = re.sub(r"\W", "_", workflow_id.removeprefix("p_").lower(), flags=re.ASCII)
    if name.startswith(("_", *"0123456789")):
        name = f"workflow_{name.strip('_')}".rstrip("_")
    return f"{name}_" if keyword.iskeyword(name) else name


def _check_new(workflow_id: str, workflows: Path) -> None:
    pattern = re.compile(rf"""Workflow\(\s*["']{re.escape(workflow_id)}["']""")
    for path in sorted(workflows.glob("*.py")):
        if pattern.search(path.read_text(errors="replace")):
            raise CommandError(f"{path} has the workflow {workflow_id} already.", hint="Choose another id.")


def _tests_folder() -> Path:
    of_workflows = Path("tests") / "workflows"
    return of_workflows if of_workflows.is_dir() else Path("tests")


def _write(files: dict[Path, str]) -> None:
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x") as file:
                file.write(text)
    except OSError as error:
        raise CommandError(
            f"{error.filename} can't be written: {error.strerror}.", hint="Are you in your project's folder?"
        ) from error
