"""Every command and every script in a document works with a running `tailrace dev`."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.command import program, tailrace
from tests.support.dev import Dev
from tests.support.markdown import Block, blocks
from tests.support.node_client import EVENTSOURCE, find_node

COMMANDS = ("curl -X", "tailrace ", ".venv/bin/tailrace ")
NOT_HERE = {
    "README.md": ("make dev", "export ", "curl -X", ".venv/bin/tailrace "),  # tests/readme follows it word by word
    "docs/access.md": ("tailrace token",),  # tests/cli tries it where streams take tokens
    "docs/api-keys.md": ("tailrace keys first", "aws secretsmanager"),  # tests/cli does both to a stage
    "docs/deploy.md": ("make deploy", "make destroy"),  # needs an AWS account; tests/infra deploys into an emulated one
    "docs/verify-on-aws.md": ("make deploy",),  # the same
    "docs/operations.md": (
        "git pull",  # the same; its other commands are about what is deployed
        "aws cloudwatch",  # the same
        ".venv/bin/pip install",  # tests/flow runs both services with these packages and variables
    ),
    "docs/faults.md": ("make faults",),  # tests/faults runs a storm, a shorter one
}
TEXTS = ("GET /", "event: ", "Content-Type: ", "stream    = ", "curl POST /", '{"shop"', '{"sign_with"')
"""How blocks begin that nobody runs: requests, frames, headers, a grammar, a drawing, secrets."""
SHELL = [
    block
    for block in blocks()
    if not block.language
    and not block.text.startswith(TEXTS)
    and not block.text.startswith(NOT_HERE.get(block.document, "\0"))
]
JAVASCRIPT = [block for block in blocks() if block.language == "js" and "127.0.0.1" in block.text]
NODE = find_node()
ORDER = {"id": "A-17", "items": [{"name": "light sabre", "price": 250, "quantity": 2}]}
WATCHED = f"""
import {{ EventSource as Original }} from {json.dumps((EVENTSOURCE / "dist" / "index.js").as_uri())};
globalThis.EventSource = class extends Original {{
  constructor(url) {{
    super(url);
    this.addEventListener("open", () => console.error("opened"));
    this.addEventListener("error", (event) => console.error("failed", event.message));
  }}
}};
"""


def test_there_are_blocks_to_run() -> None:
    assert {block.document for block in SHELL} >= {"docs/writing-workflows.md", "docs/consuming-streams.md"}
    assert {block.document for block in JAVASCRIPT} >= {"README.md", "docs/consuming-streams.md"}
    assert {block.language for block in blocks()} == {"", "js", "python"}


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_commands_work(block: Block, dev: Dev, tmp_path: Path) -> None:
    (tmp_path / ".curlrc").write_text("silent\nshow-error\nfail-with-body\n")
    (tmp_path / ".tailrace").symlink_to(dev.folder / ".tailrace")

    for command in re.sub(r"\\\n\s*", "", block.text).splitlines():
        assert command.startswith(COMMANDS), f"Say how to try this, here or in another test: {command}"
        if "tailrace tail" in command:
            check_tail(command, dev, tmp_path)
        else:
            result = run(command, dev, tmp_path)
            assert result.returncode == 0, result.stdout + result.stderr


def check_tail(command: str, dev: Dev, folder: Path) -> None:
    """A tail shows what is sent to the channels that it names; it goes on until it is ended."""
    ran = tailrace("invoke", "p_orders", "--json", "--data", json.dumps(ORDER), folder=dev.folder)
    assert ran.code == 0
    with program("/bin/sh", "-c", f"exec {command}", folder=folder, variables=variables(dev, folder)) as tail:
        tail.expect(lambda: any("A-17" in line for line in tail.lines))


def run(command: str, dev: Dev, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env={**os.environ, **variables(dev, folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def variables(dev: Dev, home: Path) -> Mapping[str, str]:
    programs = Path(sys.executable).parent
    return {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "CURL_HOME": str(home),
        "API": dev.system.api_url,
        "STREAM": dev.system.stream_url,
        "KEY": dev.system.api_key,
    }


@pytest.mark.skipif(NODE is None, reason="Node.js, or its package eventsource, is not installed here")
@pytest.mark.parametrize("block", JAVASCRIPT, ids=str)
def test_script_listens(block: Block, dev: Dev, tmp_path: Path) -> None:
    assert NODE is not None
    script = tmp_path / "script.mjs"
    script.write_text(WATCHED + block.text.replace("http://127.0.0.1:8701", dev.system.stream_url))

    with program(NODE, str(script), folder=tmp_path) as node:
        node.expect(lambda: "opened" in node.notes)
        tailrace("invoke", "p_orders", "--data", json.dumps(ORDER), folder=dev.folder)
        tailrace("invoke", "p_hello", "--data", '{"name": "A-17"}', folder=dev.folder)
        if "console.log" in block.text:
            node.expect(lambda: any("A-17" in line for line in node.lines))

        assert node.notes == ["opened"]
