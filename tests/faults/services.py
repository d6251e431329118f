"""The stream services of a storm: two at a time, killed, stopped, paused, replaced."""

import asyncio
import os
import signal
from collections import deque
from contextlib import suppress
from dataclasses import replace

import httpx
from prometheus_client.parser import text_string_to_metric_families

from cli import parts
from cli.ports import HOST, find_port
from cli.processes import Child
from cli.running_system import RunningSystem
from lambdas.queue_janitor.queues import TaskQueues
from tests.faults.aws_proxy import AwsProxy
from tests.faults.waiting import until
from tests.support.aws import AwsClients
from tests.support.services import ONE_ADDRESS

PATIENCE = 120.0
"""Seconds until a service is ready: SNS and SQS may refuse meanwhile."""
SETTINGS = {
    "SWEEP_SECONDS": 5,
    "DEGRADED_SWEEP_SECONDS": 1,
    "CANARY_SECONDS": 3,
    "KEEPALIVE_SECONDS": 2,
    "LINGER_SECONDS": 3,
    "SLOW_CLIENT_SECONDS": 8,
    "DRAIN_SECONDS": 2,
    "RETRY_FROM_MILLISECONDS": 1000,
    "RETRY_TO_MILLISECONDS": 2000,
    "RING_EVENTS": 100,
    "RING_BYTES": 512 * 1024,
}
"""Small and hasty, so that a minute is long: rings are overrun, slow clients are cut, lost feeds are noticed."""
_ALIVE = 0.05


class StreamTask:
    """One stream service: a process on a port, with a proxy between it and AWS."""

    def __init__(self, name: str, *, system: RunningSystem, proxy: AwsProxy, takes_over: bool) -> None:
        self.name = name
        self.port = find_port(0, purpose="a stream service", option="another port")
        self.url = f"http://{HOST}:{self.port}"
        self.queue_prefix = f"storm-{name.replace(' ', '-')}-"
        self.output: deque[str] = deque(maxlen=400)
        self.expected_to_end = False
        self._takes_over = takes_over
        self._system = replace(system, aws_endpoint_url=proxy.url)
        self._child = self._start()

    def _start(self) -> Child:
        chosen = {**SETTINGS, "QUEUE_PREFIX": self.queue_prefix, "TAKE_OVER": self._takes_over}
        settings = {f"TAILRACE_{name}": str(value) for name, value in chosen.items()}
        return parts.start_stream_service(
            self.port,
            system=self._system,
            environment={**os.environ, **ONE_ADDRESS, **settings},
            on_line=self.output.append,
        )

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._child.exit_code

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self._child.pid, number)

    async def until_ready(self) -> None:
        """Wait until it takes clients."""
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient(trust_env=False, timeout=5) as client:
            while True:
                with suppress(httpx.HTTPError):
                    if (await client.get(f"{self.url}/readyz")).is_success:
                        return
                assert self.exit_code is None or self.expected_to_end, self.story("ended before it was ready")
                await asyncio.sleep(_ALIVE)

    async def until_ended(self) -> int:
        """Wait for its end, and return its exit code."""
        self.expected_to_end = True
        await until(lambda: self.exit_code is not None, patience=PATIENCE)
        assert self.exit_code is not None
        return self.exit_code

    async def metric(self, name: str) -> float | None:
        """One number of `/metrics`; None where nothing answers."""
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
                text = (await client.get(f"{self.url}/metrics")).text
        except httpx.HTTPError:
            return None
        families = text_string_to_metric_families(text)
        samples = {sample.name: sample.value for family in families for sample in family.samples}
        return samples.get(f"tailrace_{name}")

    def restart(self) -> None:
        """Start anew on the same port, once it has ended."""
        assert self.exit_code is not None
        self.expected_to_end = False
        self._child = self._start()

    def stop(self) -> None:
        """End it, for good."""
        self.expected_to_end = True
        self.signal(signal.SIGCONT)
        self._child.stop(patience=15)

    def story(self, what: str) -> str:
        """What happened, and what the service has said lately."""
        return f"The stream service {self.name} {what}:\n" + "\n".join(self.output)


class StreamServices:
    """The stream services that there are, and those of them that take clients."""

    def __init__(self, *, system: RunningSystem, proxies: list[AwsProxy], aws: AwsClients) -> None:
        self._system = system
        self._aws = aws
        self._proxies = proxies
        self._number = 0
        self.tasks: list[StreamTask] = []
        """One for each proxy, once `start` is over."""
        self.all: list[StreamTask] = []
        """Also those that have ended."""
        self.changing = asyncio.Lock()
        """Held by who ends and starts services: one at a time, as a deployment does."""

    async def start(self) -> None:
        """Start the first ones."""
        self.tasks = [self._new(proxy) for proxy in self._proxies]
        await asyncio.gather(*(task.until_ready() for task in self.tasks))

    @property
    def ports(self) -> list[int]:
        """Where clients may connect."""
        return [task.port for task in self.tasks]

    async def end(self, task: StreamTask, number: signal.Signals) -> int:
        """End a service, and return its exit code; the janitor removes what it leaves behind, as when deployed."""
        task.expected_to_end = True
        task.signal(number)
        code = await task.until_ended()
        queues = TaskQueues(
            sqs=self._aws.sqs,
            sns=self._aws.sns,
            prefix=task.queue_prefix,
            topic_arn=self._system.notice_topic_arn,
        )
        await asyncio.to_thread(queues.remove, lambda _task: True)
        return code

    async def replace_one(self, place: int) -> int:
        """Start another, send clients there once it is ready, and end the former; return that one's exit code."""
        former, new = self.tasks[place], self._new(self._proxies[place])
        await new.until_ready()
        self.tasks[place] = new
        return await self.end(former, signal.SIGTERM)

    def unexpected(self) -> list[str]:
        """Complain of services that ended by themselves."""
        return [
            task.story(f"ended by itself with {task.exit_code}")
            for task in self.all
            if task.exit_code is not None and not task.expected_to_end
        ]

    def stop(self) -> None:
        """End all."""
        for task in self.all:
            task.stop()

    def _new(self, proxy: AwsProxy) -> StreamTask:
        self._number += 1
        # Both ways by which bytes reach a client are tried, in turns.
        takes_over = self._number % 2 == 1
        task = StreamTask(f"number {self._number}", system=self._system, proxy=proxy, takes_over=takes_over)
        self.all.append(task)
        return task
