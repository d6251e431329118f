"""A server that runs and can be measured."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "bench"
"""Where the Makefile builds the load generator and the floor."""
PEERS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
"""The environment that the peers in Python run in."""
CONFIGURATIONS = Path(__file__).parent / "peers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Where a server listens, and which processes it is."""

    port: int
    posts_port: int
    pids: tuple[int, ...]


def fill(name: str, folder: Path, **values: object) -> Path:
    """Write a configuration into a folder, with what stands between @ signs replaced; return its path."""
    text = (CONFIGURATIONS / name).read_text()
    for key, value in {"folder": folder, **values}.items():
        text = text.replace(f"@{key.upper()}@", str(value))
    path = folder / name
    path.write_text(text)
    return path
