"""Each stage is synthesized once, whichever processes ask for it: importing CDK and synthesizing takes seconds."""

import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.infra.templates import Assembly

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_SECONDS = 400


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests of this folder time to synthesize, or to wait until another process has."""
    for item in items:
        if item.path.parent == Path(__file__).parent and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_PATIENCE_SECONDS))


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this test run share."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    path = shared / "assemblies"
    path.mkdir(exist_ok=True)
    return path


def synthesize(program: list[str], folder: Path, stage: str) -> Assembly:
    """Run a CDK app, unless another process has done so, and return what it made."""
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "seconds.json"
        if not done.exists():
            started = time.monotonic()
            environment = nobodys_environment() | {"TAILRACE_STAGE": stage, "CDK_OUTDIR": str(folder)}
            subprocess.run([sys.executable, *program], cwd=ROOT, env=environment, check=True, timeout=300)
            done.write_text(json.dumps(time.monotonic() - started))
        return Assembly(folder, stage, json.loads(done.read_text()))


def nobodys_environment() -> dict[str, str]:
    """Nobody's account: no credentials, no region, no profile."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_", "TAILRACE_"))}
    return ours | {"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(scope="session")
def dev(assemblies: Path) -> Assembly:
    """The stage to try things in."""
    return synthesize(["app.py"], assemblies / "dev", "dev")


@pytest.fixture(scope="session")
def prod(assemblies: Path) -> Assembly:
    """The stage that others rely on."""
    return synthesize(["app.py"], assemblies / "prod", "prod")


@pytest.fixture(scope="session")
def custom(assemblies: Path) -> Assembly:
    """A stage in which people chose something else wherever they can."""
    return synthesize(["-m", "tests.infra.custom_stage"], assemblies / "custom", "custom")
