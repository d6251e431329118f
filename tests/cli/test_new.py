"""`tailrace new` writes what runs, passes its own test, and is as tidy as the rest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.new import module_name, new
from tailrace.testing import run_workflow
from tailrace.workflow import load_workflows

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*.py") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def test_workflow_that_was_written_runs(project: Path) -> None:
    new("p_parcels")

    registry = load_workflows(project / "workflows")
    (workflow,) = registry.workflows.values()
    assert (workflow.id, registry.failures) == ("p_parcels", ())
    assert run_workflow(workflow, body={"name": "Leia"}).sent == [("greetings", {"text": "Hello Leia!"})]


def test_test_that_was_written_passes(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new("p_parcels")
    command = capsys.readouterr().out.splitlines()[-1].split()

    assert command[0] == "python"
    result = subprocess.run(
        [sys.executable, *command[1:], "-q", "-p", "no:cacheprovider"],
        cwd=project,
        env={**os.environ, "PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    assert "2 passed" in result.stdout


def test_what_was_written_satisfies_the_linter_and_the_type_checker(project: Path) -> None:
    for package in ("tests", "tests/workflows"):
        (project / package).mkdir()
        (project / package / "__init__.py").touch()
    (project / "tailrace").symlink_to(ROOT / "tailrace")
    (project / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())

    new("p_parcels")

    for command in ("ruff check --no-cache", "ruff format --check --no-cache", "mypy --strict"):
        checked = subprocess.run(
            [sys.executable, "-m", *command.split(), "workflows", "tests"],
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stdout


def test_test_goes_where_tests_of_workflows_are(project: Path) -> None:
    (project / "tests" / "workflows").mkdir(parents=True)

    new("p_parcels")

    assert (project / "tests" / "workflows" / "test_parcels.py").exists()


@pytest.mark.parametrize("standing", ["workflows/parcels.py", "tests/test_parcels.py"])
def test_nothing_is_overwritten(project: Path, standing: str) -> None:
    (project / standing).parent.mkdir()
    (project / standing).write_text("mine")

    with pytest.raises(CommandError, match=f"{standing} is there already"):
        new("p_parcels")

    assert contents(project) == {standing: "mine"}


def test_id_is_not_given_twice(project: Path) -> None:
    new("p_parcels")
    (project / "workflows" / "parcels.py").rename(project / "workflows" / "post.py")

    with pytest.raises(CommandError, match=r"workflows/post\.py has the workflow p_parcels already"):
        new("p_parcels")


@pytest.mark.parametrize(
    ("workflow_id", "module"),
    [
        ("p_orders", "orders"),
        ("p_my-Orders", "my_orders"),
        ("p_class", "class_"),
        ("p_2024", "workflow_2024"),
        ("p__hidden", "workflow_hidden"),
        ("p_-", "workflow"),
    ],
)
def test_module_can_be_imported_and_is_found(workflow_id: str, module: str) -> None:
    assert module_name(workflow_id) == module


@pytest.mark.usefixtures("project")
def test_id_that_is_none_is_refused() -> None:
    with pytest.raises(CommandError, match="is not a workflow id"):
        new("orders")
