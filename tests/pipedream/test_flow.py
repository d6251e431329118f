"""`$.flow`, `$.respond` and `$.context`."""

import pytest

from tests.support.node import NodeSteps

SEND = '$.send.sse({ channel: "events", payload: 1 });'


def test_exit_ends_the_workflow_and_the_rest_of_the_step_still_runs(node: NodeSteps) -> None:
    node.code("code", "$.flow.exit();" + SEND + 'return "went on";')
    node.code("next", SEND)

    run = node.run()

    assert (run.status, run.exit_reason) == ("Exited", None)
    assert run.steps == {"code": {"$return_value": "went on"}}
    assert len(run.sent) == 1


def test_returning_exit_ends_the_step_at_once_and_is_no_returned_value(node: NodeSteps) -> None:
    node.code("code", 'return $.flow.exit("nothing to do");' + SEND)
    node.code("next", SEND)

    run = node.run()

    assert (run.status, run.exit_reason) == ("Exited", "nothing to do")
    assert run.steps == {"code": {}}
    assert run.sent == []


def test_the_first_reason_of_two_exits_counts(node: NodeSteps) -> None:
    run = node.run_code('$.flow.exit("first"); $.flow.exit("second");')

    assert run.exit_reason == "first"


def test_an_exit_of_a_node_step_ends_python_steps_too(node: NodeSteps) -> None:
    node.code("code", "$.flow.exit();")
    node.workflow.step("python", lambda pd: pd.send.sse(channel="events", payload=2))

    assert node.run().sent == []


@pytest.mark.parametrize("call", ["delay(1000)", "suspend()", "rerun(1000)", 'trigger("p_x")'])
def test_other_kinds_of_flow_raise_an_error_that_says_what_is_offered(node: NodeSteps, call: str) -> None:
    run = node.run_code(f"$.flow.{call};")

    assert run.error is not None
    assert run.error.type == "NotOffered"
    assert run.error.message.endswith("is not offered here; there is $.flow.exit.")


def test_respond_answers_the_caller_with_status_headers_and_body(node: NodeSteps) -> None:
    run = node.run_code('await $.respond({ status: 201, headers: { "x-a": "b" }, body: { message: "made" } });')

    assert run.response is not None
    assert (run.response.status, run.response.headers, run.response.body) == (201, {"x-a": "b"}, {"message": "made"})


@pytest.mark.parametrize(
    ("body", "content", "media_type"),
    [
        ('"text"', b"text", "text/plain; charset=utf-8"),
        ("{ a: 1 }", b'{"a":1}', "application/json"),
        ("Buffer.from([0, 255])", b"\x00\xff", "application/octet-stream"),
        ("new Uint8Array([1, 2]).subarray(1)", b"\x02", "application/octet-stream"),
        ('(await import("node:stream")).Readable.from(["a", "b"])', b"ab", "application/octet-stream"),
        ('""', b"", "text/plain; charset=utf-8"),
        ("undefined", b"", None),
    ],
)
def test_a_response_has_a_body_of_any_documented_kind(
    node: NodeSteps, body: str, content: bytes, media_type: str | None
) -> None:
    run = node.run_code(f"await $.respond({{ body: {body} }});")

    assert run.response is not None
    assert (run.response.content, run.response.media_type) == (content, media_type)


def test_respond_needs_no_await(node: NodeSteps) -> None:
    run = node.run_code("$.respond({ status: 204 });")

    assert run.response is not None
    assert run.response.status == 204


def test_an_immediate_response_goes_out_when_the_workflow_has_ended(
    node: NodeSteps, caplog: pytest.LogCaptureFixture
) -> None:
    run = node.run_code('await $.respond({ immediate: true, status: 200, body: "ok" }); return 1;')

    assert run.response is not None
    assert run.response.content == b"ok"
    assert any("also with `immediate`" in str(vars(record).get("text")) for record in caplog.records)


def test_a_second_response_is_an_error_in_the_step_that_makes_it(node: NodeSteps) -> None:
    node.code("code", 'await $.respond({ body: "first" });')
    node.code("again", '$.respond({ body: "second" });')

    run = node.run()

    assert run.error is not None
    assert (run.error.step, run.error.type) == ("again", "InvalidResponse")
    assert run.response is not None
    assert run.response.content == b"first"


def test_a_response_in_finally_reaches_the_caller_of_a_step_that_throws(node: NodeSteps) -> None:
    run = node.run_code(
        'try { throw new Error("Whoops"); } finally { await $.respond({ status: 200, body: { msg: "default" } }); }'
    )

    assert run.error is not None
    assert run.error.message == "Whoops"
    assert run.response is not None
    assert run.response.body == {"msg": "default"}


def test_a_response_that_http_cannot_carry_fails_the_step(node: NodeSteps) -> None:
    run = node.run_code('await $.respond({ status: 200, headers: { "x-a": "b\\r\\nc" } });')

    assert run.error is not None
    assert (run.error.step, run.error.type) == ("code", "InvalidResponse")


def test_context_says_which_run_this_is(node: NodeSteps) -> None:
    node.code("code", "return $.context;")
    node.code("next", "return steps.trigger.context;")

    run = node.run(deadline=60)
    context = run.steps["code"]["$return_value"]

    assert context["id"] == run.result.run_id
    assert context["trace_id"] == run.result.trace_id
    assert context["workflow_id"] == "p_node"
    assert context["ts"].endswith("Z")
    assert isinstance(context["deadline"], int)
    assert (context["JIT"], context["run"]) == (False, {"runs": 1})
    assert run.steps["next"]["$return_value"].items() <= context.items()


def test_what_dollar_does_not_have_raises_an_error_that_says_what_it_has(node: NodeSteps) -> None:
    run = node.run_code("await $.files.open('a');")

    assert run.error is not None
    assert run.error.message == (
        "$.files is not offered here; there is $.context, $.export, $.flow, $.respond, $.send."
    )
