"""Every stage is synthesized once, in one process: loading the CDK takes seconds, and so does a stage."""

import json
import os
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.infra.once import once, shared_folder
from tests.infra.templates import Assembly

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_SECONDS = 400
_SECONDS = "seconds.json"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests of this folder time to synthesize, or to wait until another process has."""
    for item in items:
        if item.path.parent == Path(__file__).parent and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_PATIENCE_SECONDS))


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What synthesizing made, in a folder for each stage."""
    return once(shared_folder(tmp_path_factory) / "assemblies", _synthesize)


def _synthesize(folder: Path) -> None:
    before = _processor_seconds()
    command = [sys.executable, "-m", "tests.infra.synthesize", str(folder)]
    subprocess.run(command, cwd=ROOT, env=nobodys_environment(), check=True, timeout=_PATIENCE_SECONDS)
    (folder / _SECONDS).write_text(json.dumps(_processor_seconds() - before))


def _processor_seconds() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def nobodys_environment() -> dict[str, str]:
    """Nobody's account: no credentials, no region, no profile."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_", "TAILRACE_"))}
    return ours | {"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(scope="session")
def processor_seconds(assemblies: Path) -> float:
    """How much of a processor synthesizing all of them took, the CDK's own process included."""
    seconds: float = json.loads((assemblies / _SECONDS).read_text())
    return seconds


@pytest.fixture(scope="session")
def dev(assemblies: Path) -> Assembly:
    """The stage to try things in."""
    return Assembly(assemblies / "dev", "dev")


@pytest.fixture(scope="session")
def prod(assemblies: Path) -> Assembly:
    """The stage that others rely on."""
    return Assembly(assemblies / "prod", "prod")


@pytest.fixture(scope="session")
def custom(assemblies: Path) -> Assembly:
    """A stage in which people chose something else wherever they can."""
    return Assembly(assemblies / "custom", "custom")


@pytest.fixture(scope="session")
def python_only(custom: Assembly) -> Assembly:
    """A stage whose workflows have no steps in Node.js; the same app makes it."""
    return replace(custom, stage="python-only")


@pytest.fixture(scope="session")
def public_origin(custom: Assembly) -> Assembly:
    """A stage whose load balancer is in the internet, for CloudFront alone."""
    return replace(custom, stage="public-origin")


@pytest.fixture(scope="session")
def own_domain(custom: Assembly) -> Assembly:
    """A stage without CloudFront, in a network that was there before."""
    return replace(custom, stage="own-domain")


@pytest.fixture(params=["dev", "prod", "custom"])
def stage(request: pytest.FixtureRequest, assemblies: Path) -> Assembly:
    """Each of the stages that have all four stacks, in turn."""
    return Assembly(assemblies / request.param, request.param)
