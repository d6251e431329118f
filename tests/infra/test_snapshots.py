"""One snapshot for each stack: a change of a template is seen in review. `UPDATE_SNAPSHOTS=1 pytest …` writes them."""

import json
import os
import re
from pathlib import Path

import pytest

from tests.infra.templates import Assembly

SNAPSHOTS = Path(__file__).parent / "snapshots"
_HASH = re.compile(r"[0-9a-f]{64}")


@pytest.mark.parametrize("stack", ["EventLog", "WorkflowApi", "StreamService", "Monitoring"])
def test_stack_is_as_it_was_when_last_reviewed(stack: str, dev: Assembly) -> None:
    made = _HASH.sub("<hash>", (dev.folder / f"Tailrace-dev-{stack}.template.json").read_text())
    snapshot = SNAPSHOTS / f"{stack}.json"
    if "UPDATE_SNAPSHOTS" in os.environ:
        snapshot.write_text(made + "\n")

    assert json.loads(made) == json.loads(snapshot.read_text())
