"""Injects what befalls processes: stream services and functions that are killed, stopped, paused, replaced."""

import asyncio
import signal
from collections.abc import Callable
from typing import Protocol

from tests.faults.aws_call import AwsCall
from tests.faults.aws_proxy import AwsProxy
from tests.faults.crowd import Bell
from tests.faults.functions import Api, LaterFunction
from tests.faults.hold import Hold, append_to, end_in, notice_of
from tests.faults.plan import Kind, Planned
from tests.faults.services import StreamServices
from tests.faults.world import World

PAUSED_FOR = 20.0
_SWEEP_PATIENCE = 15.0
_HOLD_PATIENCE = 120.0
_MOMENT = 0.5


class Killable(Protocol):
    """A function that runs in a process."""

    proxy: AwsProxy
    killing: asyncio.Lock

    def kill(self) -> None:
        """End the process at once."""

    async def revive(self) -> None:
        """See to it that there is another."""


class ProcessFaults:
    """The faults of processes."""

    def __init__(self, world: World, *, services: StreamServices, api: Api, later: LaterFunction, bell: Bell) -> None:
        self._world = world
        self._services = services
        self._api = api
        self._later = later
        self._bell = bell
        self.complaints: list[str] = []

    async def inject(self, planned: Planned) -> bool:
        """Inject a fault, and wait until it is over; False where it is not of processes."""
        match planned.kind:
            case Kind.SERVICE_KILLED:
                await self._end_service(planned, signal.SIGKILL)
            case Kind.SERVICE_TERMINATED:
                await self._end_service(planned, signal.SIGTERM)
            case Kind.SERVICE_PAUSED:
                await self._pause_service(planned)
            case Kind.SERVICES_REPLACED:
                await self._replace_services(planned)
            case kind if kind in self._places:
                await self._kill_function(planned)
            case _:
                return False
        return True

    async def _end_service(self, planned: Planned, number: signal.Signals) -> None:
        """End a service while it writes to its clients, and start it anew on the same port."""
        async with self._services.changing:
            task = planned.chance.choice(self._services.tasks)
            await self._bell.wait(task.port, _SWEEP_PATIENCE)
            self._world.tally.count(planned.kind)
            code = await self._services.end(task, number)
            self._expect(code, 0 if number is signal.SIGTERM else -number, task.story)
            task.restart()
            await task.until_ready()

    async def _pause_service(self, planned: Planned) -> None:
        task = planned.chance.choice(self._services.tasks)
        task.signal(signal.SIGSTOP)
        self._world.tally.count(planned.kind)
        await asyncio.sleep(PAUSED_FOR)
        task.signal(signal.SIGCONT)

    async def _replace_services(self, planned: Planned) -> None:
        async with self._services.changing:
            for place in range(len(self._services.tasks)):
                former = self._services.tasks[place]
                self._expect(await self._services.replace_one(place), 0, former.story)
            self._world.tally.count(planned.kind)

    def _expect(self, code: int, expected: int, story: Callable[[str], str]) -> None:
        if code != expected:
            self.complaints.append(story(f"ended with {code}, not {expected}"))

    # --- functions

    @property
    def _places(self) -> dict[Kind, tuple[Killable, Callable[[AwsCall], bool]]]:
        """Which function is killed while which call of its is held."""
        system = self._world.system
        append, notice = append_to(system.event_log_table), notice_of(system.notice_topic_arn)
        end = end_in(system.idempotency_table)
        return {
            Kind.FUNCTION_KILLED_BEFORE_APPEND: (self._api, append),
            Kind.FUNCTION_KILLED_BEFORE_NOTICE: (self._api, notice),
            Kind.FUNCTION_KILLED_BEFORE_ANSWER: (self._api, end),
            Kind.LATER_KILLED_BEFORE_APPEND: (self._later, append),
            Kind.LATER_KILLED_BEFORE_NOTICE: (self._later, notice),
            Kind.LATER_KILLED_BEFORE_END: (self._later, end),
        }

    async def _kill_function(self, planned: Planned) -> None:
        """Kill a function while a call of its is held; that one is lost, or reaches AWS after the function's death."""
        function, place = self._places[planned.kind]
        hold = Hold(place)
        async with function.killing:
            with function.proxy.suffering(hold):
                caught = await hold.caught(_HOLD_PATIENCE)
                if caught:
                    function.kill()
                    self._world.tally.count(planned.kind)
                    await asyncio.sleep(planned.chance.uniform(0, _MOMENT))
                hold.decide(forward=planned.chance.random() < 0.5)
            if caught:
                await function.revive()
