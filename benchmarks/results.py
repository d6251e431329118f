"""Results: every pass of every cell as it was measured, with the machine and the versions that it was measured on."""

import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.generator import Connected, Measured, Stage
from benchmarks.plan import Cell, Kind
from benchmarks.running import PEERS_PYTHON, ROOT

RESULTS = Path(__file__).parent / "results.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One cell of one pass; without `measured`, why there is nothing."""

    kind: Kind
    server: str
    clients: int
    number: int
    """Of the pass, from 1."""
    measured: Measured | None
    failure: str | None = None

    @classmethod
    def of(cls, cell: Cell, number: int, measured: Measured | None, failure: str | None = None) -> "Entry":
        """Make the entry of a cell."""
        return cls(
            kind=cell.kind,
            server=cell.server.name,
            clients=cell.clients,
            number=number,
            measured=measured,
            failure=failure,
        )

    @classmethod
    def load(cls, fields: dict[str, Any]) -> "Entry":
        """Read what `asdict` made."""
        measured = fields.pop("measured")
        if measured is not None:
            connected = Connected(**measured["connected"])
            measured = Measured(connected=connected, stages=tuple(Stage(**stage) for stage in measured["stages"]))
        return cls(**{**fields, "kind": Kind(fields["kind"]), "measured": measured})


@dataclass(slots=True, kw_only=True)
class Results:
    """A whole run, or the part of one that is over."""

    about: dict[str, Any] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    paths: dict[str, Any] = field(default_factory=dict)

    def of(self, kind: Kind, server: str, clients: int) -> Iterator[Measured]:
        """Every pass's measurement of a cell."""
        for entry in self.entries:
            if (entry.kind, entry.server, entry.clients) == (kind, server, clients) and entry.measured is not None:
                yield entry.measured

    def has(self, cell: Cell, number: int) -> bool:
        """Whether a cell of a pass is done."""
        place = (cell.kind, cell.server.name, cell.clients, number)
        return any((entry.kind, entry.server, entry.clients, entry.number) == place for entry in self.entries)

    def save(self, path: Path) -> None:
        """Write it whole, or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        entries = ",\n".join("    " + json.dumps(asdict(entry)) for entry in self.entries)
        rest = json.dumps({"about": self.about, "left_out": self.left_out, "paths": self.paths}, indent=2)
        beside.write_text(f'{rest[:-2]},\n  "entries": [\n{entries}\n  ]\n}}\n')
        beside.replace(path)

    @classmethod
    def read(cls, path: Path) -> "Results":
        """Read what was written."""
        fields = json.loads(path.read_text())
        return cls(**{**fields, "entries": [Entry.load(entry) for entry in fields["entries"]]})


def about(plan: str) -> dict[str, Any]:
    """The machine, the versions and the commit."""
    return {
        "plan": plan,
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _output("git", "rev-parse", "HEAD"),
        "changed": bool(_output("git", "status", "--porcelain", "--untracked-files=no")),
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
            "kernel": platform.release(),
        },
        "versions": _versions(),
    }


def _processor() -> str:
    with Path("/proc/cpuinfo").open() as lines:
        return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _versions() -> dict[str, str]:
    ours = {name: importlib.metadata.version(name) for name in ("fastapi", "starlette", "uvicorn", "uvloop")}
    peers = "import importlib.metadata as m; print(m.version('sse-starlette'))"
    return {
        "python": platform.python_version(),
        **ours,
        "sse-starlette": _output(str(PEERS_PYTHON), "-c", peers),
        "nginx": _output("nginx", "-v").rpartition("/")[2],
        "nchan": _output("dpkg-query", "-W", "-f", "${Version}", "libnginx-mod-nchan"),
        "pushpin": _output("pushpin", "--version").rpartition(" ")[2],
        "cc": _output("cc", "--version").partition("\n")[0],
    }


def _output(*command: str) -> str:
    """What a command prints; nothing where there is no such command."""
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(  # noqa: S603 - fixed commands
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""
