"""Which program listens on a port, as far as Linux tells it to this user; elsewhere nobody is named."""

from pathlib import Path

_LISTENING = "0A"
_PROC = Path("/proc")


def name_holder(port: int) -> str | None:
    """Name the program that listens on a port, as `python (pid 4711)`; None where that cannot be known."""
    try:
        sockets = {f"socket:[{inode}]" for table in ("tcp", "tcp6") for inode in _listeners(table, port)}
        return next((_name(process) for process in _PROC.glob("[0-9]*") if _holds(process, sockets)), None)
    except OSError:
        return None


def _listeners(table: str, port: int) -> list[str]:
    path = _PROC / "net" / table
    rows = [line.split() for line in path.read_text().splitlines()[1:]] if path.exists() else []
    return [row[9] for row in rows if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port]


def _holds(process: Path, sockets: set[str]) -> bool:
    try:
        return any(str(descriptor.readlink()) in sockets for descriptor in (process / "fd").iterdir())
    except OSError:  # another user's process, or one that has just ended
        return False


def _name(process: Path) -> str:
    return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
