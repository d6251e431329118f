"""Node.js and the packages that examples/clients names, where they are."""

import os
import shutil
import sys
from pathlib import Path

CLIENTS = Path(__file__).parents[2] / "examples" / "clients"
EVENTSOURCE = CLIENTS / "node_modules" / "eventsource"


def find_node() -> str | None:
    """The machine's Node.js, or the one in the virtual environment; None where its package is not installed."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return shutil.which("node", path=path) if EVENTSOURCE.is_dir() else None
