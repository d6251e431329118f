"""Clears streams under their clients: undisturbed, while its writes fail, and with the API killed half-way."""

import asyncio
from contextlib import suppress

import httpx

from tailrace.event import Event, EventId, WorkflowId
from tests.faults.aws_call import DYNAMODB, AwsAnswer, AwsCall, AwsFault, Forward
from tests.faults.chronicle import is_emptying
from tests.faults.dynamodb_faults import DYNAMODB_FAULTS
from tests.faults.functions import Api
from tests.faults.hold import Hold
from tests.faults.plan import Kind, Planned
from tests.faults.runs import Run, run_payload
from tests.faults.tally import Strikes
from tests.faults.truth import read_batches
from tests.faults.world import CLEARED, SMALL, World

_PATIENCE = 40.0
_HOLD_PATIENCE = 120.0
_MOMENT = 0.5
_SHARE = 0.4
_HINDRANCES = (Kind.DYNAMODB_THROTTLES, Kind.DYNAMODB_FAILS, Kind.DYNAMODB_LOSES_ANSWER)


class Clears:
    """The clears of a storm."""

    def __init__(self, world: World, *, api: Api) -> None:
        self._world = world
        self._api = api
        self.complaints: list[str] = []

    async def inject(self, planned: Planned) -> bool:
        """Clear a stream, in a way that is of this kind; False where it is of none."""
        match planned.kind:
            case Kind.STREAM_CLEARED:
                for stream in planned.chance.sample(CLEARED, planned.chance.randint(1, len(CLEARED))):
                    await self._clear(planned, stream)
                    self._world.tally.count(planned.kind)
            case Kind.CLEAR_HINDERED:
                await self._clear_hindered(planned)
            case Kind.CLEAR_KILLED:
                await self._clear_killed(planned)
            case _:
                return False
        return True

    async def _clear(self, planned: Planned, stream: str) -> None:
        """Ask until it is said that the stream is cleared; then nothing before the mark may be in the log."""
        headers = {"Authorization": f"Bearer {self._world.system.api_key}"}
        async with httpx.AsyncClient(trust_env=False, timeout=_PATIENCE, headers=headers) as client:
            while True:
                with suppress(httpx.TransportError):
                    answer = await client.delete(f"{self._api.url}/pipelines/{stream}/events")
                    if answer.is_success:
                        break
                    assert answer.is_server_error, answer.text
                await asyncio.sleep(planned.chance.uniform(0.2, 1.0))
        cleared_to: str | None = answer.json()["cleared_to"]
        self._world.clears += 1
        await self._check(stream, EventId.parse(cleared_to or ""))

    async def _check(self, stream: str, mark: EventId | None) -> None:
        for batch in await read_batches(self._world.log, stream):
            if mark is not None and batch.end < mark.position and not batch.cleared:
                self.complaints.append(
                    f"{stream} was said to be cleared up to {mark}, and the log holds {batch.last_id}"
                )

    async def _clear_hindered(self, planned: Planned) -> None:
        """Let what a clear writes be throttled, fail, or be written without an answer, by chance."""
        strikes = Strikes(planned.kind, tally=self._world.tally, chance=planned.chance, share=_SHARE)
        stream = await self._grown(planned)
        with self._api.proxy.suffering(hindrance(strikes)):
            await self._clear(planned, stream)

    async def _clear_killed(self, planned: Planned) -> None:
        """Kill the API while a clear empties a batch; that one call is lost, or reaches AWS after the API's death."""
        async with self._api.killing:
            stream, hold = await self._grown(planned), Hold(is_emptying)
            with self._api.proxy.suffering(hold):
                clearing = asyncio.ensure_future(self._clear(planned, stream))
                caught = await hold.caught(_HOLD_PATIENCE)
                if caught:
                    self._api.kill()
                    self._world.tally.count(planned.kind)
                    await asyncio.sleep(planned.chance.uniform(0, _MOMENT))
                hold.decide(forward=planned.chance.random() < 0.5)
            if caught:
                await self._api.revive()
        await clearing

    async def _grown(self, planned: Planned) -> str:
        """Append to a stream, so that there surely is something to clear."""
        stream = planned.chance.choice(SMALL)
        run = Run(name=f"before {planned.kind} at {planned.at}", stream=stream, events=1, accepted=True)
        self._world.runs.append(run)
        await self._world.log.append(
            WorkflowId(stream), [Event.of("a", run_payload(run.name, 0, ""))], batch_id=run.name
        )
        return stream


def is_write_of_a_clear(call: AwsCall) -> bool:
    """Whether a call puts a clear's mark, or empties a batch."""
    return is_emptying(call) or (call.action == "PutItem" and "cleared" in call.says["Item"])


def hindrance(strikes: Strikes) -> AwsFault:
    """Make a fault of a clear's writes alone."""

    async def fault(call: AwsCall, forward: Forward) -> AwsAnswer:
        if call.service != DYNAMODB or not is_write_of_a_clear(call) or not strikes.strike():
            return await forward(call)
        return await DYNAMODB_FAULTS[strikes.chance.choice(_HINDRANCES)](call, forward, strikes)

    return fault
