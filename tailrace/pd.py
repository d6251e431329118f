"""`pd`: what a step gets. What came before it, and what it can do; Pipedream's names and Pipedream's meaning."""

import logging
from collections.abc import Generator, Mapping
from typing import Any, Never, NoReturn

from tailrace.errors import (
    InvalidChannel,
    InvalidEvent,
    InvalidExport,
    InvalidPayload,
    InvalidResponse,
    RunFinished,
    SendNotOffered,
)
from tailrace.event import Event
from tailrace.response import Response
from tailrace.run_state import RETURN_VALUE, RunState, Steps
from tailrace.values import Json, freeze, not_json, thaw

_EXAMPLE = 'pd.send.sse(channel="events", payload={"name": "Luke"})'
_MISSING = object()
_CONNECTION_EVENTS = frozenset({"open", "error"})

logger = logging.getLogger(__name__)


class Done:
    """What sending and responding return: it may be awaited, which waits for nothing, or dropped."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        return
        yield  # makes this a generator, as awaiting needs

    def __repr__(self) -> str:
        return "Done()"


class Exports(dict[str, Json]):
    """What a step exported, whole: returned by a step that knows nothing of `$return_value` in Python's way."""


class Flow:
    """`pd.flow`."""

    def __init__(self, run: RunState) -> None:
        self._run = run

    # Returns None. Written so, mypy lets a step that returns something else, too, `return pd.flow.exit()`.
    def exit(self, reason: str | None = None) -> Never | None:  # noqa: RUF020 - to mypy it is not the same, see above
        """End the workflow with this step: its remaining code still runs, unless you `return pd.flow.exit()`."""
        self._run.check_going_on()
        if not self._run.exited:
            self._run.exited = True
            self._run.exit_reason = None if reason is None else str(reason)
        return None


class Send:
    """`pd.send`."""

    def __init__(self, run: RunState) -> None:
        self._run = run

    def sse(
        self, event: Mapping[str, object] | None = None, /, *, channel: object = _MISSING, payload: object = _MISSING
    ) -> Done:
        """Send an event to the workflow's stream, once the workflow has finished; also takes one dict of the two.

        Raises:
            InvalidEvent: the channel or the payload can't be sent; says why, and what can.
            TooManySends: this run has sent as much as one run may.
            RunFinished: the run has ended.
        """
        if event is not None:
            channel, payload = _unpack(event, channel, payload)
        if channel is _MISSING:
            raise InvalidChannel(f"The channel is missing: {_EXAMPLE}.")
        if payload is _MISSING:
            raise InvalidPayload(f"The payload is missing: {_EXAMPLE}.")
        sent = Event.of(channel, payload)
        self._run.sends.hold(sent)
        if sent.channel in _CONNECTION_EVENTS:
            logger.warning(
                "channel_named_as_connection_event",
                extra={"workflow_id": self._run.context.workflow_id, "channel": sent.channel},
            )
        return Done()

    def __getattr__(self, name: str) -> NoReturn:
        raise SendNotOffered(
            f"pd.send.{name} is not offered: Tailrace sends to event streams, with pd.send.sse(channel=…, payload=…). "
            "For other destinations use their own packages in the step."
        )


class Pd:
    """What a step gets as its argument."""

    def __init__(self, *, run: RunState, step: str, inputs: dict[str, Any] | None = None) -> None:
        self.inputs: dict[str, Any] = inputs or {}
        """The step's props."""
        self.context = run.context
        self.flow = Flow(run)
        self.send = Send(run)
        self._run = run
        self._step = step
        self._exports: dict[str, str] = {}
        self._steps: Steps | None = None
        self._finished = False

    @property
    def steps(self) -> Steps:
        """What the trigger and the steps before exported, by step: `pd.steps["trigger"]["event"]["body"]`."""
        if self._steps is None:
            self._steps = self._run.steps()
        return self._steps

    def export(self, name: str, value: object) -> None:
        """Make a value known to later steps, as `pd.steps[<this step>][name]`; later changes to it do not count.

        Raises:
            InvalidExport: the name is no text, or the value is not JSON.
            RunFinished: the step, or the run, has ended.
        """
        self._run.check_going_on()
        if self._finished:
            raise RunFinished(f"The step {self._step!r} has ended, and so have its exports.")
        if not isinstance(name, str) or not name:
            raise InvalidExport(f"An export's name is a text, such as 'total'; this one is {name!r:.80}.")
        if name == RETURN_VALUE:
            raise InvalidExport(f"{RETURN_VALUE} is what the step returns: return the value.")
        self._exports[name] = _freeze_export(f"The export {name!r} of step {self._step!r}", value)

    def respond(self, response: Mapping[str, object] | None = None, /, **parts: object) -> Done:
        """Answer the workflow's caller, once the workflow has finished: `{"status": 200, "headers": {}, "body": …}`.

        Raises:
            InvalidResponse: HTTP could not carry it, or a step has responded before.
            RunFinished: the run has ended.
        """
        self._run.check_going_on()
        answer = Response.of({**response, **parts} if isinstance(response, Mapping) else response or parts)
        if self._run.response is not None:
            raise InvalidResponse("This run has responded already: a workflow's caller gets one answer.")
        self._run.response = answer
        return Done()

    def finish(self, returned: object) -> dict[str, Json]:
        """Close the step with what it returned, and make its exports known to later steps. For the runner.

        Raises:
            InvalidExport: what it returned is not JSON.
        """
        text = _freeze_export(f"What step {self._step!r} returned", returned)
        self._finished = True
        value = thaw(text)
        exports = {name: thaw(kept) for name, kept in self._exports.items()}
        exports |= value if isinstance(value, dict) else {}
        if not isinstance(returned, Exports):
            exports[RETURN_VALUE] = value
        self._run.exports[self._step] = freeze(exports)
        return exports


def _freeze_export(what: str, value: object) -> str:
    try:
        return freeze(value)
    except ValueError as error:
        raise InvalidExport(not_json(what, error)) from error


def _unpack(event: object, channel: object, payload: object) -> tuple[object, object]:
    """Read Pipedream's form, one dict of channel and payload."""
    if not isinstance(event, Mapping) or channel is not _MISSING or payload is not _MISSING:
        raise InvalidEvent("Write pd.send.sse(channel=…, payload=…), or hand over one dict of these two.")
    unknown = [str(name) for name in event if name not in {"channel", "payload"}]
    if unknown:
        raise InvalidEvent(f"An event has a channel and a payload, and nothing called {', '.join(unknown)}.")
    return event.get("channel", _MISSING), event.get("payload", _MISSING)
