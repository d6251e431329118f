"""`$.send.sse`: what it takes, when it counts, and in which order it arrives."""

import pytest

from tailrace import Pd, Workflow
from tailrace.in_memory import InMemoryNotifier
from tests.support.node import NodeSteps


def send(payload: str) -> str:
    return f'$.send.sse({{ channel: "events", payload: {payload} }});'


def test_sends_need_no_await_and_keep_the_order_of_the_calls(node: NodeSteps) -> None:
    run = node.run_code('["Luke", "Han", "Leia"].forEach(name => { ' + send("{ name }") + " });")

    assert run.sent == [("events", {"name": "Luke"}), ("events", {"name": "Han"}), ("events", {"name": "Leia"})]


def test_sends_may_be_awaited_chained_and_gathered(node: NodeSteps) -> None:
    run = node.run_code(
        'await $.send.sse({ channel: "a", payload: 1 });'
        '$.send.sse({ channel: "b", payload: 2 }).then(() => { $.send.sse({ channel: "c", payload: 3 }); });'
        'await Promise.all([4, 5].map(async n => $.send.sse({ channel: "d", payload: n })));'
    )

    assert [event.payload for event in run.sent] == [1, 2, 4, 5, 3]


def test_sends_in_async_callbacks_that_wait_for_nothing_count_without_await(node: NodeSteps) -> None:
    run = node.run_code("[1, 2].forEach(async n => { const m = await n; await null; " + send("m") + " });")

    assert [event.payload for event in run.sent] == [1, 2]


def test_a_send_that_comes_after_the_step_has_ended_is_lost_and_the_step_is_told_so(
    node: NodeSteps, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    run = node.run_code("setTimeout(() => { " + send('"late"') + " }, 60_000);" + send('"in time"'))

    assert [event.payload for event in run.sent] == ["in time"]
    assert run.status == "Completed"
    assert any("still doing something" in str(vars(record).get("text")) for record in caplog.records)


def test_what_a_step_leaves_behind_does_not_send_in_a_later_step(node: NodeSteps) -> None:
    node.code("first", "setTimeout(() => { " + send('"stray"') + " }, 1);")
    node.code("second", "await new Promise(resolve => setTimeout(resolve, 100));" + send('"mine"'))

    assert [event.payload for event in node.run().sent] == ["mine"]


def test_nothing_is_delivered_before_the_workflow_has_finished(node: NodeSteps) -> None:
    notifier = InMemoryNotifier()
    announced: list[int] = []
    node.code("first", send("1"))

    @node.workflow.step
    def look(pd: Pd) -> None:
        announced.append(len(notifier.batches))
        pd.send.sse(channel="events", payload=2)

    node.run(notifier=notifier)

    assert announced == [0]
    assert [event.payload for event in notifier.batches[0].events] == ["1", "2"]


def test_sends_of_both_languages_arrive_in_the_order_of_the_steps(node: NodeSteps) -> None:
    node.code("one", send("1") + send("2"))
    node.workflow.step("two", lambda pd: pd.send.sse(channel="events", payload=3))
    node.code("three", send("4"))
    node.workflow.step("four", lambda pd: pd.send.sse(channel="events", payload=5))

    assert [event.payload for event in node.run().sent] == [1, 2, 3, 4, 5]


def test_a_payload_is_taken_as_it_is_at_the_call(node: NodeSteps) -> None:
    run = node.run_code(
        'const order = { total: 1 }; $.send.sse({ channel: "events", payload: order }); order.total = 2;'
    )

    assert run.sent == [("events", {"total": 1})]


@pytest.mark.parametrize(
    ("written", "arrives"),
    [
        ('"text"', "text"),
        ("[1, 2.5, true, null]", [1, 2.5, True, None]),
        ("null", None),
        ("new Date(0)", "1970-01-01T00:00:00.000Z"),
        ("{ a: undefined, b: () => 1, c: NaN }", {"c": None}),
        ('"\\u2028 é 😀 \\u007f"', "\u2028 é 😀 \x7f"),
    ],
)
def test_a_payload_is_what_json_stringify_makes_of_it(node: NodeSteps, written: str, arrives: object) -> None:
    assert node.run_code(send(written)).sent == [("events", arrives)]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ("$.send.sse()", "InvalidChannel", "A channel is a text that is not empty"),
        ("$.send.sse({ payload: 1 })", "InvalidChannel", "A channel is a text that is not empty"),
        ('$.send.sse({ channel: "events" })', "InvalidPayload", "is missing"),
        ('$.send.sse({ channel: "events", payload: () => 1 })', "InvalidPayload", "is not JSON"),
        ('$.send.sse({ channel: "events", payload: 1n })', "InvalidPayload", "serialize a BigInt"),
        ("const a = {}; a.a = a; $.send.sse({ channel: 'events', payload: a })", "InvalidPayload", "circular"),
    ],
)
def test_a_send_that_can_never_be_an_event_fails_the_step_that_made_it(
    node: NodeSteps, call: str, error: str, message: str
) -> None:
    run = node.run_code(send('"before"') + call + ";" + send('"after"'))

    assert run.error is not None
    assert (run.error.step, run.error.type) == ("code", error)
    assert message in run.error.message
    assert [event.payload for event in run.sent] == ["before"]


def test_a_step_may_catch_the_error_of_a_send_and_go_on(node: NodeSteps) -> None:
    run = node.run_code('try { $.send.sse({ channel: "$events", payload: 1 }); } catch (error) { return error.name; }')

    assert run.steps["code"]["$return_value"] == "InvalidChannel"


@pytest.mark.parametrize("destination", ["http", "email", "s3", "emit"])
def test_another_destination_raises_an_error_that_says_what_is_offered(node: NodeSteps, destination: str) -> None:
    run = node.run_code(f"$.send.{destination}({{}});")

    assert run.error is not None
    assert run.error.type == "SendNotOffered"
    assert run.error.message == f"$.send.{destination} is not offered here; there is $.send.sse."


def test_a_step_sends_at_most_10_000_events(node: NodeSteps) -> None:
    run = node.run_code("for (let n = 0; n < 10_001; n += 1) { " + send("n") + " }")

    assert run.error is not None
    assert run.error.type == "TooManySends"
    assert len(run.sent) == 10_000


def test_a_step_sends_at_most_5_megabytes(node: NodeSteps) -> None:
    run = node.run_code("for (;;) { " + send('"x".repeat(250_000)') + " }")

    assert run.error is not None
    assert run.error.type == "TooManySends"
    assert len(run.sent) == 19


def test_a_workflow_that_discards_delivers_nothing_of_a_step_that_failed(node: NodeSteps) -> None:
    node.workflow = Workflow("p_discards", on_error="discard")

    run = node.run_code(send("1") + 'throw new Error("no");')

    assert run.sent == []
    assert run.error is not None
