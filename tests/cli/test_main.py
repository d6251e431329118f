"""What the command line says when it cannot do what it was asked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.ports import listen, port_of

ENVIRONMENT = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}


def tailrace(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=folder,
        env={**ENVIRONMENT, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "workflows").mkdir()
    return tmp_path


def test_taken_port_is_one_sentence_and_a_hint(project: Path) -> None:
    with listen(0, purpose="a test", option="--port") as taken:
        port = str(port_of(taken))

        result = tailrace("dev", "--port", "0", "--aws-port", port, folder=project)

    error, hint = result.stderr.splitlines()
    assert result.returncode == 1
    assert error.startswith(f"Error: Port {port}, for the emulated AWS, is taken by")
    assert hint == "Hint:  Stop that program, or choose other ports: --aws-port."


def test_missing_folder_of_workflows_is_one_sentence_and_a_hint(tmp_path: Path) -> None:
    result = tailrace("dev", "--workflows", "[flows]", folder=tmp_path)

    assert result.returncode == 1
    assert result.stderr.splitlines()[0] == "Error: There is no folder [flows] here."


@pytest.mark.parametrize("arguments", [["--help"], ["dev", "--help"]])
def test_help_has_an_example(arguments: list[str], tmp_path: Path) -> None:
    result = tailrace(*arguments, folder=tmp_path)

    assert result.returncode == 0
    assert "Example: tailrace dev" in result.stdout


def test_emulator_that_does_not_answer_is_one_sentence_and_a_hint(project: Path) -> None:
    with listen(0, purpose="a test", option="--port") as closed_soon:
        url = f"http://127.0.0.1:{port_of(closed_soon)}"

    result = tailrace("dev", "--port", "0", "--endpoint-url", url, folder=project)

    assert result.returncode == 1
    assert url in result.stderr
    assert "--endpoint-url" in result.stderr
    assert not (project / ".tailrace").exists()
