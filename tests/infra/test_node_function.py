"""The function that runs Node.js steps: what it is, what it may do, and what is in its zip."""

import json
import os
import shutil
from pathlib import Path

import pytest

from infra.node_code import RUNNER, assemble, has_node_steps
from infra.packages import PackagesUnavailable, Platform
from tailrace import Workflow
from tailrace.node import NodeStep
from tailrace.testing import run_workflow
from tests.infra.custom_stage import CUSTOM, SECRET_ARN
from tests.infra.templates import Assembly

FUNCTION = "AWS::Lambda::Function"
NODE = "WorkflowFunctionNodeSteps"
THIS_MACHINE = Platform(python="3.13", architecture="arm64", this_machine=True)

needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm on the path")


def test_node_function_has_the_time_and_the_machine_of_the_workflow_function(dev: Assembly) -> None:
    node = dev.workflow_api.only(FUNCTION, containing=NODE)
    workflows = dev.workflow_api.only(FUNCTION, containing="Runner")

    assert (node["Runtime"], node["Handler"]) == ("nodejs24.x", "index.handler")
    for part in ("Timeout", "MemorySize", "Architectures"):
        assert node[part] == workflows[part]


def test_node_function_may_write_its_log_and_nothing_else(dev: Assembly) -> None:
    assert dev.workflow_api.actions_of(NODE) == {"logs:CreateLogStream", "logs:PutLogEvents"}


def test_people_give_their_node_steps_what_they_give_their_workflows(custom: Assembly) -> None:
    node = custom.workflow_api.only(FUNCTION, containing=NODE)
    resources = [statement["Resource"] for statement in custom.workflow_api.statements_of(NODE)]

    assert node["Environment"]["Variables"] == {
        **CUSTOM.workflow_api.environment,
        **CUSTOM.workflow_api.secrets,
        "TAILRACE_WORKFLOWS_FOLDER": "workflows",
    }
    assert SECRET_ARN in resources
    assert "arn:aws:s3:::invoices/*" in resources


def test_without_steps_in_node_there_is_no_function_for_them(python_only: Assembly) -> None:
    workflows = python_only.workflow_api.only(FUNCTION)

    assert "TAILRACE_NODE_FUNCTION" not in workflows["Environment"]["Variables"]


@pytest.mark.parametrize(
    ("file", "counts"),
    [("steps/code.mjs", True), ("code.js", True), ("steps/node_modules/left/index.js", False), ("hello.py", False)],
)
def test_a_file_that_a_workflow_could_name_as_a_step_brings_the_function(
    file: str, counts: bool, tmp_path: Path
) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).touch()

    assert has_node_steps(tmp_path) is counts


def test_zip_has_the_runner_and_the_steps_in_their_places_and_no_python(tmp_path: Path) -> None:
    assemble(tmp_path, platform=THIS_MACHINE)

    files = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    assert files >= {module.name for module in RUNNER.glob("*.mjs")} | {"index.mjs", "workflows/steps/names.mjs"}
    assert [file for file in files if file.endswith((".py", ".pyc", ".txt"))] == []


@pytest.fixture
def workflows(tmp_path: Path) -> Path:
    """A folder with a step that imports a package, which is a folder itself, so that nothing is downloaded."""
    steps = tmp_path / "source" / "steps"
    (steps / "vendored" / "left").mkdir(parents=True)
    (steps / "vendored" / "left" / "package.json").write_text(json.dumps({"name": "left", "version": "1.0.0"}))
    (steps / "vendored" / "left" / "index.js").write_text('module.exports = "left";')
    (steps / "package.json").write_text(json.dumps({"dependencies": {"left": "file:./vendored/left"}}))
    (steps / "node_modules").mkdir()
    (steps / "node_modules" / "of-this-machine.js").write_text("")
    (steps / "step.mjs").write_text('import left from "left@1"; export default { run: () => left };')
    return tmp_path / "source"


def test_zip_of_node_steps_is_for_everybody_to_read_whatever_the_umask(tmp_path: Path) -> None:
    workflows = tmp_path / "workflows"
    before = os.umask(0o077)
    try:
        (workflows / "steps").mkdir(parents=True)
        (workflows / "steps" / "code.mjs").write_text("export default () => {};")
        assemble(into := _folder(tmp_path), platform=THIS_MACHINE, workflows=workflows)
    finally:
        os.umask(before)

    found = [into, *into.rglob("*")]
    assert into / "workflows" / "steps" / "code.mjs" in found
    assert [path for path in found if not path.stat().st_mode & 0o004] == []
    assert [path for path in found if path.is_dir() and not path.stat().st_mode & 0o001] == []


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "zip"
    folder.mkdir()
    return folder


@needs_npm
def test_packages_that_a_package_json_names_are_installed_beside_the_steps(workflows: Path, tmp_path: Path) -> None:
    zipped = tmp_path / "zip"
    zipped.mkdir()

    assemble(zipped, platform=THIS_MACHINE, workflows=workflows)

    workflow = Workflow("p_packed")
    workflow.step("step", NodeStep(zipped / "workflows", "steps/step.mjs"))
    assert run_workflow(workflow).steps["step"]["$return_value"] == "left"
    assert not (zipped / "workflows" / "steps" / "node_modules" / "of-this-machine.js").exists()


@needs_npm
def test_a_package_that_npm_cannot_install_ends_the_deployment_with_its_words(workflows: Path, tmp_path: Path) -> None:
    (workflows / "steps" / "package.json").write_text("{")
    zipped = tmp_path / "zip"
    zipped.mkdir()

    with pytest.raises(PackagesUnavailable, match="npm could not install the packages"):
        assemble(zipped, platform=THIS_MACHINE, workflows=workflows)


def test_without_npm_the_deployment_says_what_brings_it(
    workflows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    zipped = tmp_path / "zip"
    zipped.mkdir()

    with pytest.raises(PackagesUnavailable, match="npm is missing; `make deploy` brings it"):
        assemble(zipped, platform=THIS_MACHINE, workflows=workflows)
