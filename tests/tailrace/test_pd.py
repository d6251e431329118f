import asyncio
import copy
import gc
import json
import logging
import warnings
from typing import Any

import pytest

from tailrace import Pd, Workflow
from tailrace.errors import (
    InvalidChannel,
    InvalidEvent,
    InvalidExport,
    InvalidPayload,
    InvalidResponse,
    PayloadTooLarge,
    RunFinished,
    SendNotOffered,
)
from tailrace.event import workflow_id
from tailrace.run_state import Context, RunState
from tailrace.testing import run_workflow
from tailrace.values import Json, freeze

ME = workflow_id("p_me")


def state(**exports: Json) -> RunState:
    context = Context(id="run", trace_id="trace", workflow_id=ME, ts="2026-01-31T12:00:00.000Z")
    return RunState(context=context, exports={name: freeze(value) for name, value in exports.items()})


@pytest.fixture
def run() -> RunState:
    return state(trigger={"event": {"body": {"name": "Luke", "tags": ["jedi"]}}})


@pytest.fixture
def pd(run: RunState) -> Pd:
    return Pd(run=run, step="code")


# steps


def test_steps_are_read_as_dicts(pd: Pd) -> None:
    assert pd.steps["trigger"]["event"]["body"]["name"] == "Luke"
    assert pd.steps.get("later", {}).get("x") is None
    assert "trigger" in pd.steps
    assert list(pd.steps) == ["trigger"]
    assert json.loads(json.dumps(pd.steps)) == {"trigger": {"event": {"body": {"name": "Luke", "tags": ["jedi"]}}}}


def test_what_a_step_does_to_what_it_reads_stays_with_it(run: RunState) -> None:
    first, second = Pd(run=run, step="first"), Pd(run=run, step="second")

    first.steps["trigger"]["event"]["body"]["tags"].append("changed")

    assert first.steps["trigger"]["event"]["body"]["tags"] == ["jedi", "changed"]
    assert second.steps["trigger"]["event"]["body"]["tags"] == ["jedi"]


@pytest.mark.parametrize(
    "change",
    [
        lambda steps: steps.__setitem__("code", {}),
        lambda steps: steps.__delitem__("trigger"),
        lambda steps: steps.__ior__({"code": {}}),
        lambda steps: steps.update(code={}),
        lambda steps: steps.setdefault("code", {}),
        lambda steps: steps.pop("trigger"),
        lambda steps: steps.popitem(),
        lambda steps: steps.clear(),
    ],
)
def test_steps_cannot_be_added_or_removed(pd: Pd, change: Any) -> None:  # noqa: ANN401 - a lambda
    with pytest.raises(TypeError, match=r"read-only: export a value with pd\.export\(name, value\), or return it"):
        change(pd.steps)

    assert list(pd.steps) == ["trigger"]


def test_copy_of_steps_is_a_dict_to_change(pd: Pd) -> None:
    for copied in (copy.copy(pd.steps), copy.deepcopy(pd.steps), pd.steps.copy(), dict(pd.steps)):
        copied["more"] = {}
        assert list(copied) == ["trigger", "more"]


def test_steps_can_be_sent_exported_and_returned(pd: Pd, run: RunState) -> None:
    pd.send.sse(channel="debug", payload=pd.steps)
    pd.export("seen", pd.steps)
    exports = pd.finish(pd.steps)

    assert json.loads(run.sends.close()[0].payload) == pd.steps
    assert exports["seen"] == exports["$return_value"] == dict(pd.steps)


# exports


def test_export_is_known_to_later_steps_by_name(pd: Pd, run: RunState) -> None:
    pd.export("total", 12.5)
    pd.export("$summary", "done")
    pd.finish(None)

    assert Pd(run=run, step="next").steps["code"] == {"total": 12.5, "$summary": "done", "$return_value": None}


def test_returned_dict_is_known_by_its_keys_too(pd: Pd, run: RunState) -> None:
    pd.finish({"foo": {"test": True}, "bar": 1})

    value = {"foo": {"test": True}, "bar": 1}
    assert Pd(run=run, step="next").steps["code"] == {**value, "$return_value": value}


@pytest.mark.parametrize("value", ["text", 3, 1.5, True, None, [1, "a"], {}])
def test_returned_value_of_any_type_is_the_return_value(pd: Pd, value: Json) -> None:
    assert pd.finish(value) == {"$return_value": value}


def test_returned_key_wins_over_an_earlier_export_and_never_replaces_the_return_value(pd: Pd) -> None:
    pd.export("name", "exported")

    exports = pd.finish({"name": "returned", "$return_value": "forged"})

    assert exports["name"] == "returned"
    assert exports["$return_value"] == {"name": "returned", "$return_value": "forged"}


def test_later_changes_to_an_export_do_not_count(pd: Pd) -> None:
    names = ["Luke"]
    pd.export("names", names)

    names.append("Vader")

    assert pd.finish(None)["names"] == ["Luke"]


def test_later_export_of_a_name_replaces_the_earlier(pd: Pd) -> None:
    pd.export("total", 1)
    pd.export("total", 2)

    assert pd.finish(None)["total"] == 2


def test_exports_are_what_json_makes_of_them(pd: Pd) -> None:
    pd.export("pair", (1, 2))

    assert pd.finish({1: "a"}) == {"pair": [1, 2], "1": "a", "$return_value": {"1": "a"}}


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), float("inf"), b"bytes", {"deep": [object()]}])
def test_export_that_is_not_json_is_refused_at_once(pd: Pd, value: object) -> None:
    with pytest.raises(InvalidExport, match="The export 'it' of step 'code' is not JSON"):
        pd.export("it", value)


def test_export_that_contains_itself_is_refused(pd: Pd) -> None:
    loop: list[Any] = []
    loop.append(loop)

    with pytest.raises(InvalidExport, match="Circular reference"):
        pd.export("loop", loop)


def test_export_that_is_too_deep_is_refused(pd: Pd) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(InvalidExport, match="is not JSON"):
        pd.export("deep", deep)


def test_returned_value_that_is_not_json_is_refused(pd: Pd) -> None:
    with pytest.raises(InvalidExport, match="What step 'code' returned is not JSON"):
        pd.finish({"at": object()})


@pytest.mark.parametrize("name", [1, None, "", ("a",)])
def test_export_needs_a_name(pd: Pd, name: Any) -> None:  # noqa: ANN401 - the wrong ones
    with pytest.raises(InvalidExport, match="An export's name is a text"):
        pd.export(name, 1)


def test_return_value_is_returned_and_not_exported(pd: Pd) -> None:
    with pytest.raises(InvalidExport, match="is what the step returns: return the value"):
        pd.export("$return_value", 1)


def test_export_after_the_step_is_refused(pd: Pd) -> None:
    pd.finish(None)

    with pytest.raises(RunFinished, match="The step 'code' has ended"):
        pd.export("late", 1)


# sends


def sent(run: RunState) -> list[tuple[str, Json]]:
    return [(event.channel, json.loads(event.payload)) for event in run.sends.close()]


def test_sends_are_held_in_the_order_of_the_calls(pd: Pd, run: RunState) -> None:
    for name in ["Luke", "Han", "Leia", "Obi Wan"]:
        pd.send.sse(channel="names", payload={"name": name})

    assert sent(run) == [("names", {"name": name}) for name in ["Luke", "Han", "Leia", "Obi Wan"]]


def test_send_takes_pipedreams_one_dict_as_well(pd: Pd, run: RunState) -> None:
    pd.send.sse({"channel": "events", "payload": {"name": "Luke"}})

    assert sent(run) == [("events", {"name": "Luke"})]


@pytest.mark.parametrize("payload", [None, False, 0, "", [], {}, "text", 1.5])
def test_payload_may_be_any_json(pd: Pd, run: RunState, payload: Json) -> None:
    pd.send.sse(channel="events", payload=payload)

    assert sent(run) == [("events", payload)]


def test_later_changes_to_a_payload_do_not_count(pd: Pd, run: RunState) -> None:
    payload = {"name": "Luke"}
    pd.send.sse(channel="events", payload=payload)

    payload["name"] = "Vader"

    assert sent(run) == [("events", {"name": "Luke"})]


async def test_send_may_be_awaited_and_waits_for_nothing(pd: Pd, run: RunState) -> None:
    other_ran = False

    async def other() -> None:
        nonlocal other_ran
        other_ran = True

    task = asyncio.create_task(other())
    await pd.send.sse(channel="events", payload=1)
    assert not other_ran
    await task
    await asyncio.gather(*(pd.send.sse(channel="events", payload=number) for number in (2, 3)))

    assert sent(run) == [("events", 1), ("events", 2), ("events", 3)]


def test_send_that_is_not_awaited_is_sent_and_does_not_warn(pd: Pd, run: RunState) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pd.send.sse(channel="events", payload=1)
        pd.respond({"status": 200})
        gc.collect()

    assert caught == []
    assert sent(run) == [("events", 1)]


@pytest.mark.parametrize("channel", ["", None, 3, "$gap", "a\nb", "a\r", "\0", "x" * 257, "\ud800"])
def test_channel_that_would_break_its_frame_is_refused_at_the_call(pd: Pd, run: RunState, channel: object) -> None:
    with pytest.raises(InvalidChannel):
        pd.send.sse(channel=channel, payload=1)

    assert sent(run) == []


@pytest.mark.parametrize("payload", [object(), float("nan"), {1, 2}, b"bytes", "\ud800"])
def test_payload_that_is_not_json_is_refused_at_the_call(pd: Pd, run: RunState, payload: object) -> None:
    with pytest.raises(InvalidPayload, match="The payload for channel 'events'"):
        pd.send.sse(channel="events", payload=payload)

    assert sent(run) == []


def test_payload_that_is_too_large_is_refused_at_the_call(pd: Pd) -> None:
    with pytest.raises(PayloadTooLarge, match="262,145 bytes"):
        pd.send.sse(channel="events", payload="x" * (256 * 1024 - 1))


def test_missing_channel_and_missing_payload_are_refused_with_an_example(pd: Pd) -> None:
    for event in ({"payload": 1}, {}):
        with pytest.raises(InvalidChannel, match=r'The channel is missing: pd\.send\.sse\(channel="events"'):
            pd.send.sse(event)
    with pytest.raises(InvalidChannel, match="The channel is missing"):
        pd.send.sse(payload=1)
    with pytest.raises(InvalidPayload, match=r'The payload is missing: pd\.send\.sse\(channel="events"'):
        pd.send.sse({"channel": "a"})
    with pytest.raises(InvalidPayload, match="The payload is missing"):
        pd.send.sse(channel="a")


def test_send_of_anything_else_is_refused(pd: Pd) -> None:
    with pytest.raises(InvalidEvent, match="nothing called id, retry"):
        pd.send.sse({"channel": "a", "payload": 1, "id": 7, "retry": 1})
    with pytest.raises(InvalidEvent, match="hand over one dict"):
        pd.send.sse({"channel": "a"}, payload=1)
    with pytest.raises(InvalidEvent, match="hand over one dict"):
        pd.send.sse("events")  # type: ignore[arg-type] # what is tested


@pytest.mark.parametrize("name", ["http", "email", "s3", "emit", "snowflake"])
def test_pipedreams_other_destinations_are_not_offered(pd: Pd, name: str) -> None:
    assert not hasattr(pd.send, name)
    with pytest.raises(SendNotOffered, match=rf"pd\.send\.{name} is not offered: .* pd\.send\.sse"):
        getattr(pd.send, name)


def test_channel_named_as_a_connections_own_event_is_sent_and_logged(
    pd: Pd, run: RunState, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        pd.send.sse(channel="error", payload={"secret": 1})
        pd.send.sse(channel="errors", payload=2)

    assert [(line.message, vars(line)["channel"]) for line in caplog.records] == [
        ("channel_named_as_connection_event", "error")
    ]
    assert sent(run) == [("error", {"secret": 1}), ("errors", 2)]


# flow, respond, context, inputs


def test_exit_marks_the_run_and_keeps_the_first_reason(pd: Pd, run: RunState) -> None:
    pd.flow.exit("enough")
    pd.flow.exit("again")

    assert (run.exited, run.exit_reason) == (True, "enough")


def test_exit_needs_no_reason(pd: Pd, run: RunState) -> None:
    pd.flow.exit()

    assert (run.exited, run.exit_reason) == (True, None)


def test_response_is_kept_for_the_caller(pd: Pd, run: RunState) -> None:
    pd.respond({"status": 201, "body": {"ok": True}})

    assert run.response is not None
    assert (run.response.status, run.response.body) == (201, {"ok": True})


def test_response_may_be_given_by_keywords(pd: Pd, run: RunState) -> None:
    pd.respond(status=404, body="no")

    assert run.response is not None
    assert (run.response.status, run.response.body) == (404, "no")


async def test_response_may_be_awaited(pd: Pd, run: RunState) -> None:
    await pd.respond({"status": 200})

    assert run.response is not None


def test_second_response_is_refused_and_the_first_stays(pd: Pd, run: RunState) -> None:
    pd.respond({"status": 200})

    with pytest.raises(InvalidResponse, match="has responded already"):
        pd.respond({"status": 500})
    assert run.response is not None
    assert run.response.status == 200


def test_refused_response_leaves_room_for_a_right_one(pd: Pd, run: RunState) -> None:
    with pytest.raises(InvalidResponse):
        pd.respond({"status": 42})
    with pytest.raises(InvalidResponse, match=r"Write pd\.respond"):
        pd.respond("text")  # type: ignore[arg-type] # what is tested
    pd.respond({"status": 200})

    assert run.response is not None


def test_context_is_read_by_attribute_and_by_name(pd: Pd) -> None:
    assert (pd.context.id, pd.context["id"]) == ("run", "run")
    assert pd.context.get("trace_id") == "trace"
    assert dict(pd.context) == {
        "id": "run",
        "trace_id": "trace",
        "workflow_id": "p_me",
        "ts": "2026-01-31T12:00:00.000Z",
        "deadline": None,
    }
    assert len(pd.context) == 5
    assert "other" not in pd.context
    with pytest.raises(KeyError):
        pd.context["other"]


def test_context_cannot_be_changed(pd: Pd) -> None:
    with pytest.raises(AttributeError):
        pd.context.id = "other"  # type: ignore[misc] # what is tested


def test_everything_is_refused_when_the_run_has_ended(pd: Pd, run: RunState) -> None:
    run.end()

    for call in (
        lambda: pd.send.sse(channel="late", payload=1),
        lambda: pd.export("late", 1),
        lambda: pd.respond({"status": 200}),
        pd.flow.exit,
    ):
        with pytest.raises(RunFinished, match="This run has ended"):
            call()
    assert (run.exited, run.response) == (False, None)


def test_inputs_are_the_steps_props() -> None:
    workflow = Workflow("p_inputs")

    @workflow.step(url="https://example.com", deep={"name": "{{steps.trigger.event.body.name}}"})
    def code(pd: Pd) -> dict[str, Any]:
        return pd.inputs

    result = run_workflow(workflow, body={"name": "Luke"})

    assert result.steps["code"]["$return_value"] == {"url": "https://example.com", "deep": {"name": "Luke"}}
