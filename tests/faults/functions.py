"""The workflow function of a storm: behind the API, and as Lambda invokes it later. Both can be killed at any time."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from cli import parts
from cli.local_aws import local_environment
from cli.ports import HOST, listen, port_of
from cli.running_system import RunningSystem
from tests.faults.aws_proxy import AwsProxy
from tests.faults.waiting import until

WORKFLOWS = Path(__file__).parent / "workflows"
_PATIENCE = 90.0
_PAUSE = 0.05
_RETRY_AFTER = 1.0
"""Seconds; Lambda waits one minute, then two, which outlasts every fault of a storm. Here it tries more often."""


class Killed(Exception):
    """The process ended while it ran something."""


class Api:
    """The API behind its gateway; its listening socket outlives its process, as API Gateway outlives instances."""

    def __init__(self, *, system: RunningSystem, proxy: AwsProxy) -> None:
        self.proxy = proxy
        self.killing = asyncio.Lock()
        """Held by who kills it, until there is another."""
        self.output: deque[str] = deque(maxlen=400)
        self._system = replace(system, aws_endpoint_url=proxy.url, stream_url=f"http://{HOST}")
        self._listener = listen(0, purpose="the API", option="another port")
        self.url = f"http://{HOST}:{port_of(self._listener)}"
        self._start()

    def _start(self) -> None:
        self._child = parts.start_api(
            self._listener,
            system=self._system,
            workflows=WORKFLOWS,
            environment=os.environ,
            on_line=self.output.append,
        )

    async def until_ready(self) -> None:
        """Wait until it answers."""
        headers = {"Authorization": f"Bearer {self._system.api_key}"}
        async with asyncio.timeout(_PATIENCE), httpx.AsyncClient(trust_env=False, timeout=5) as client:
            while True:
                with suppress(httpx.HTTPError):
                    if (await client.get(f"{self.url}/pipelines", headers=headers)).is_success:
                        return
                assert self._child.exit_code is None, "\n".join(self.output)
                await asyncio.sleep(_PAUSE)

    def kill(self) -> None:
        """End it at once, whatever it runs."""
        self._child.kill()

    async def revive(self) -> None:
        """Start another in the place of one that was killed."""
        await until(lambda: self._child.exit_code is not None, patience=_PATIENCE)
        self._start()
        await self.until_ready()

    def stop(self) -> None:
        """End it, for good."""
        self._child.stop(patience=5)
        self._listener.close()


class LaterFunction:
    """The function as Lambda invokes it asynchronously: one run at a time, tried again until it has ended well."""

    def __init__(self, *, system: RunningSystem, proxy: AwsProxy) -> None:
        self.proxy = proxy
        self.killing = asyncio.Lock()
        """Held by who kills it."""
        self._environment = local_environment(os.environ, endpoint_url=proxy.url) | {
            "TAILRACE_EVENT_LOG_TABLE": system.event_log_table,
            "TAILRACE_NOTICE_TOPIC_ARN": system.notice_topic_arn,
            "TAILRACE_IDEMPOTENCY_TABLE": system.idempotency_table,
            "TAILRACE_STREAM_URL": f"http://{HOST}",
            "TAILRACE_API_KEY_SECRET_ARN": system.api_key_secret,
            "TAILRACE_WORKFLOWS_FOLDER": str(WORKFLOWS),
        }
        self._process: Process | None = None
        self._one_at_a_time = asyncio.Lock()
        self.tries = 0

    async def run(self, event: Mapping[str, Any]) -> None:
        """Invoke until it ends without an error; every try has the same event and the same request id."""
        line = json.dumps({"event": event, "request_id": str(uuid4())})
        while True:
            with suppress(Killed):
                async with self._one_at_a_time:
                    self.tries += 1
                    if await self._invoke(line) is None:
                        return
            await asyncio.sleep(_RETRY_AFTER)

    def kill(self) -> None:
        """End the process at once, whatever it runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def revive(self) -> None:
        """Leave it to the next invocation to start another: by now there may be one, and not to be waited for."""

    async def stop(self) -> None:
        """End the process, for good."""
        self.kill()
        if self._process is not None:
            await self._process.wait()

    async def _invoke(self, line: str) -> str | None:
        process = self._process
        if process is None or process.returncode is not None:
            command = (sys.executable, "-m", "tests.faults.function_process")
            process = self._process = await asyncio.create_subprocess_exec(
                *command, env=self._environment, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
            )
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(ConnectionError):
            process.stdin.write(line.encode() + b"\n")
            await process.stdin.drain()
        answer = await process.stdout.readline()
        if not answer:
            await process.wait()
            raise Killed
        error: str | None = json.loads(answer)["error"]
        return error
