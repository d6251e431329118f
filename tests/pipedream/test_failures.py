"""How a step fails, and what becomes of the rest."""

import pytest

from tailrace.runner import StepError
from tests.support.node import NodeSteps

BEFORE = '$.send.sse({ channel: "events", payload: "before" });'


def failure(node: NodeSteps, body: str) -> StepError:
    error = node.run_code(body).error
    assert error is not None
    return error


def test_a_thrown_error_arrives_with_its_name_its_message_and_its_step(node: NodeSteps) -> None:
    node.code("code", BEFORE + 'throw new RangeError("too far");')
    node.code("next", BEFORE)

    run = node.run()

    assert run.status == "Failed"
    assert run.error == StepError(step="code", type="RangeError", message="too far")
    assert len(run.sent) == 1


def test_an_error_class_of_the_steps_own_keeps_its_name(node: NodeSteps) -> None:
    error = failure(node, 'const error = new Error("Give an address"); error.name = "ConfigurationError"; throw error;')

    assert (error.type, error.message) == ("ConfigurationError", "Give an address")


@pytest.mark.parametrize(
    ("thrown", "message"),
    [
        ('"text"', "The step threw 'text'."),
        ("undefined", "The step threw undefined."),
        ("{ code: 1 }", "The step threw { code: 1 }."),
        ("Object.create(null)", "The step threw [Object: null prototype] {}."),
    ],
)
def test_whatever_is_thrown_is_an_error(node: NodeSteps, thrown: str, message: str) -> None:
    assert failure(node, f"throw {thrown};").message == message


def test_the_cause_of_an_error_is_told_too(node: NodeSteps) -> None:
    assert failure(node, 'throw new Error("fetch failed", { cause: new Error("refused") });').message == (
        "fetch failed (refused)"
    )


def test_the_stack_of_an_error_is_in_the_log(node: NodeSteps, caplog: pytest.LogCaptureFixture) -> None:
    node.run_code("throw new Error('no');")

    assert any("code.mjs:2" in str(vars(record).get("text")) for record in caplog.records)


def test_a_rejected_promise_that_is_awaited_fails_the_step(node: NodeSteps) -> None:
    assert failure(node, 'await Promise.reject(new TypeError("rejected"));').type == "TypeError"


@pytest.mark.parametrize(
    "body",
    [
        'Promise.reject(new Error("nobody awaits"));',
        '[1].forEach(async () => { throw new Error("nobody awaits"); });',
        '(async () => { await null; throw new Error("nobody awaits"); })();',
        'setTimeout(() => { throw new Error("nobody awaits"); }, 1); await new Promise(() => {});',
        'new Promise((_, reject) => setTimeout(reject, 1, new Error("nobody awaits"))); await new Promise(() => {});',
    ],
)
def test_a_rejected_promise_that_nobody_awaits_fails_the_step_too(node: NodeSteps, body: str) -> None:
    run = node.run_code(BEFORE + body)

    assert run.error is not None
    assert run.error.message == "nobody awaits"
    assert len(run.sent) == 1


def test_a_rejection_that_an_earlier_step_left_behind_fails_no_later_step(node: NodeSteps) -> None:
    node.code("first", 'setTimeout(() => Promise.reject(new Error("stray")), 1);')
    node.code("second", "await new Promise(resolve => setTimeout(resolve, 100)); return 1;")

    run = node.run()

    assert run.error is None
    assert run.steps["second"] == {"$return_value": 1}


def test_a_step_that_does_not_end_times_out_and_the_next_run_has_a_fresh_process(node: NodeSteps) -> None:
    node.code("code", BEFORE + "if (steps.trigger.event.body) for (;;); return process.pid;")

    timed_out = node.run(body=True, deadline=0.5)
    completed = node.run(body=False, deadline=60)

    assert timed_out.status == "TimedOut"
    assert timed_out.error is not None
    assert timed_out.error.step == "code"
    assert completed.status == "Completed"


def test_process_exit_is_an_error_and_the_process_stays(node: NodeSteps) -> None:
    node.code("pid", "return process.pid;")
    node.code("code", "try { process.exit(3); } catch (error) { return [process.pid, error.message]; }")

    run = node.run()

    assert run.steps["code"]["$return_value"] == [
        run.steps["pid"]["$return_value"],
        "process.exit(3) is not offered: return, or $.flow.exit() to end the workflow.",
    ]


def test_a_step_that_ends_its_process_is_named_and_the_next_run_has_a_fresh_process(node: NodeSteps) -> None:
    node.code("code", 'if (steps.trigger.event.body) process.kill(process.pid, "SIGKILL"); return 1;')

    killed = node.run(body=True)

    assert killed.error is not None
    assert (killed.error.step, killed.error.type) == ("code", "NodeUnavailable")
    assert "The step code.mjs was not run to its end: the Node.js process ended" in killed.error.message
    assert node.run(body=False).steps["code"]["$return_value"] == 1


@pytest.mark.parametrize("suffix", [".mjs", ".cjs"])
def test_a_syntax_error_names_its_file_and_line(node: NodeSteps, suffix: str) -> None:
    node.add("code", "\n\nconst x = ;\n", suffix=suffix)

    run = node.run()

    assert run.error is not None
    assert run.error.type == "SyntaxError"
    assert run.error.message == f"code{suffix}:3: Unexpected token ';'"


def test_a_syntax_error_in_a_file_that_a_step_imports_names_that_file(node: NodeSteps) -> None:
    node.write("lib/helper.mjs", "export const a = 1;\nexport const b = ;\n")
    node.add("code", 'import { a } from "./lib/helper.mjs"; export default { run() { return a; } };')

    run = node.run()

    assert run.error is not None
    assert run.error.message == "lib/helper.mjs:2: Unexpected token ';'"


def test_a_syntax_error_of_json_parse_is_the_steps_own(node: NodeSteps) -> None:
    error = failure(node, 'JSON.parse("{");')

    assert error.type == "SyntaxError"
    assert not error.message.startswith("code.mjs")


def test_a_file_that_failed_when_it_was_imported_is_imported_anew_by_the_next_run(node: NodeSteps) -> None:
    node.add(
        "code",
        """import { existsSync } from "node:fs";
        if (!existsSync(new URL("ready", import.meta.url))) throw new Error("not ready");
        export default { run() { return "ready"; } };""",
    )

    first = node.run()
    node.write("ready", "")

    assert first.error is not None
    assert first.error.message == "not ready"
    assert node.run().steps["code"]["$return_value"] == "ready"


def test_a_file_without_a_component_is_an_error_that_says_what_to_write(node: NodeSteps) -> None:
    node.add("code", "export const a = 1;")

    run = node.run()

    assert run.error is not None
    assert run.error.type == "InvalidComponent"
    assert "write export default defineComponent(" in run.error.message
