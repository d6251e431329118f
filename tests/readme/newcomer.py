"""Somebody with an empty home and a fresh clone, who types what the README says."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from cli.errors import CommandError
from cli.ports import find_port
from tests.support.command import Following
from tests.support.dev import children_of, runs
from tests.support.markdown import ROOT

INSTALLING = 400.0
"""Seconds that `make dev` may take on a busy machine with a slow network."""
ADDRESSES = {"API": "http://127.0.0.1:8700", "STREAM": "http://127.0.0.1:8701"}
"""As the README prints them."""

_PORTS = (8700, 8701, 8702)
_NETWORK = re.compile(r"PIP_|(?:https?|no|all)_proxy$", re.IGNORECASE)
_READY, _LAST_LINE = "Tailrace is ready", "curl -N"


class Newcomer:
    """What was cloned and started, and what was exported in the terminal since."""

    def __init__(self, folder: Path) -> None:
        self.home, self.clone = folder / "home", folder / "tailrace"
        self.home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(self.clone)], check=True)
        self._exports: dict[str, str] = {}
        self._dev: Following | None = None

    @property
    def environment(self) -> dict[str, str]:
        """As bare as a new user's: where programs are, and how this machine reaches its package index."""
        here = Path(sys.executable).parent
        path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if Path(part) != here)
        network = {
            name: value
            for name, value in os.environ.items()
            if name.startswith("PIP_") or name.lower().endswith("_proxy")
        }
        cache = {"PIP_CACHE_DIR": _pip_cache()}
        return {**cache, **network, "PATH": path, "HOME": str(self.home), "LANG": "C.UTF-8", **self._exports}

    @property
    def dev(self) -> Following:
        """The terminal where `make dev` runs."""
        assert self._dev is not None
        return self._dev

    @property
    def printed(self) -> list[str]:
        """What `make dev` has printed."""
        return self.dev.lines

    def start(self, command: str) -> None:
        """Type `make dev`, and wait until it says that it is ready; take other ports where those are taken."""
        assert command == "make dev"
        options = [] if _are_free(_PORTS) else ["ARGS=--port 0"]
        self._dev = self._begin(["make", "dev", *options])
        self._dev.expect(
            lambda: any(_READY in line for line in self.printed) and any(_LAST_LINE in line for line in self.printed),
            patience=INSTALLING,
        )

    def told(self, name: str) -> str:
        """What the banner says behind a word: an address, or the key."""
        return next(line.split()[1] for line in self.printed if line.split()[:1] == [name])

    def export(self, command: str) -> None:
        """Type an `export`; what the README leaves open is as printed."""
        for name, value in re.findall(r"([A-Z]+)=(\S+)", command.partition("#")[0]):
            self._exports[name] = self.told("Key") if value == "..." else self.here(value)

    def here(self, text: str) -> str:
        """A text with the addresses that this system has: the README's, unless these were taken."""
        if self._dev is None:
            return text
        return text.replace(ADDRESSES["API"], self.told("API")).replace(ADDRESSES["STREAM"], self.told("Streams"))

    def run(self, command: str, *, patience: float = 120) -> str:
        """Type a command, and wait for its end; return what it has printed."""
        result = subprocess.run(
            ["/bin/sh", "-c", self.here(command)],
            cwd=self.clone,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=patience,
            check=False,
        )
        assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
        return result.stdout

    def follow(self, command: str) -> Following:
        """Type a command that goes on until Ctrl-C."""
        return self._begin(["/bin/sh", "-c", f"exec {self.here(command.partition('#')[0])}"])

    def stop(self) -> list[int]:
        """Press Ctrl-C where `make dev` runs; return the processes that are left."""
        dev = self._dev
        if dev is None or dev.process.poll() is not None:
            return []
        processes = descendants(dev.process.pid)
        os.killpg(dev.process.pid, signal.SIGINT)
        dev.wait()
        return [pid for pid in processes if _still_runs(pid)]

    def _begin(self, command: list[str]) -> Following:
        return Following(command, folder=self.clone, complete_environment=self.environment)


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and theirs."""
    return [each for child in children_of(pid) for each in (child, *descendants(child))]


def _still_runs(pid: int) -> bool:
    until = time.monotonic() + 10
    while (left := runs(pid)) and time.monotonic() < until:
        time.sleep(0.05)
    return left


def _are_free(ports: tuple[int, ...]) -> bool:
    try:
        return [find_port(port, purpose="", option="") for port in ports] == [*ports]
    except CommandError:
        return False


def _pip_cache() -> str:
    asked = [sys.executable, "-m", "pip", "cache", "dir"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
