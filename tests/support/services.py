"""Our own services as real processes over emulated AWS, for tests of the whole chain."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from cli import parts
from cli.ports import HOST, find_port, listen, port_of
from cli.processes import Child
from cli.running_system import RunningSystem

API_KEY = "test-key"
ONE_ADDRESS = {"TAILRACE_STREAMS_PER_ADDRESS": "100000", "TAILRACE_REQUESTS_PER_SECOND": "100000"}
"""Settings for tests, whose clients all come from one address."""

_PATIENCE = 60.0
_PAUSE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A running service: where it is, its process, and what it has said lately."""

    url: str
    child: Child
    output: deque[str] = field(default_factory=lambda: deque(maxlen=1000))

    def expect(self, what: str, condition: Callable[[], bool], *, patience: float = _PATIENCE) -> None:
        """Wait until a condition holds; fail with the service's output where it does not, or where the service ends."""
        deadline = time.monotonic() + patience
        while not condition():
            assert self.child.exit_code is None, f"The service ended before {what}:\n" + "\n".join(self.output)
            assert time.monotonic() < deadline, f"Not in time: {what}.\n" + "\n".join(self.output)
            time.sleep(_PAUSE)


@contextmanager
def stream_service_process(
    system: RunningSystem, *, port: int | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[Service]:
    """Run a stream service until the context ends; `settings` are further variables, such as TAILRACE_SWEEP_SECONDS.

    Several may run over one system, as several tasks do; each has its own URL.
    """
    taken = port or find_port(0, purpose="a stream service", option="another port")
    output: deque[str] = deque(maxlen=1000)
    child = parts.start_stream_service(
        taken, system=system, environment={**os.environ, **ONE_ADDRESS, **(settings or {})}, on_line=output.append
    )
    service = Service(url=f"http://{HOST}:{taken}", child=child, output=output)
    try:
        service.expect("it was ready", lambda: _succeeds(f"{service.url}/readyz"))
        yield service
    finally:
        child.stop(patience=20)


@contextmanager
def workflow_api_process(
    system: RunningSystem,
    *,
    workflows: Path,
    settings: Mapping[str, str] | None = None,
    clock_since: float | None = None,
) -> Iterator[Service]:
    """Run the API behind its gateway, with the workflows of a folder, until the context ends."""
    output: deque[str] = deque(maxlen=1000)
    with listen(0, purpose="the API", option="another port") as listener:
        child = parts.start_api(
            listener,
            system=system,
            workflows=workflows,
            environment={**os.environ, **(settings or {})},
            on_line=output.append,
            clock_since=clock_since,
        )
        service = Service(url=f"http://{HOST}:{port_of(listener)}", child=child, output=output)
        try:
            service.expect("it answered", lambda: _succeeds(f"{service.url}/pipelines", key=system.api_key))
            yield service
        finally:
            child.stop(patience=5)


def _succeeds(url: str, *, key: str | None = None) -> bool:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        return httpx.get(url, headers=headers, trust_env=False, timeout=5).is_success
    except httpx.HTTPError:
        return False
