"""Files of each kind, what they import, and what they log."""

import json
import logging

import pytest

from tests.support.node import NodeSteps


@pytest.mark.parametrize(
    ("suffix", "source"),
    [
        (".mjs", "export default defineComponent({ async run() { return 1; } });"),
        (".mjs", "export default { async run() { return 1; } };"),
        (".mjs", "export default { run: () => 1 };"),
        (".mjs", "export const run = () => 1;"),
        (".js", "export default defineComponent({ async run() { return 1; } });"),
        (".js", "module.exports = { async run() { return 1; } };"),
        (".cjs", "module.exports = defineComponent({ async run() { return 1; } });"),
        (".cjs", "exports.default = { run() { return 1; } }; exports.__esModule = true;"),
        (".cjs", 'const { sep } = require("path"); module.exports = { run: () => sep && 1 };'),
    ],
)
def test_a_component_may_be_exported_in_each_way(node: NodeSteps, suffix: str, source: str) -> None:
    node.add("code", source, suffix=suffix)

    assert node.run().steps["code"]["$return_value"] == 1


def test_require_works_beside_export_default(node: NodeSteps) -> None:
    node.write("helper.cjs", "module.exports = 2;")
    node.add(
        "code",
        """const path = require("path");
        export default defineComponent({ async run() { return [path.posix.sep, require("./helper.cjs")]; } });""",
    )

    assert node.run().steps["code"]["$return_value"] == ["/", 2]


def test_a_step_imports_files_beside_it(node: NodeSteps) -> None:
    node.write("lib/double.mjs", "export default (n) => 2 * n;")
    node.add("code", 'import double from "./lib/double.mjs"; export default { run: () => double(2) };')

    assert node.run().steps["code"]["$return_value"] == 4


@pytest.fixture
def package(node: NodeSteps) -> NodeSteps:
    """A package of npm's, as `npm install` puts it beside the steps."""
    node.write("package.json", json.dumps({"dependencies": {"left": "1.0.0", "@scope/right": "1.0.0"}}))
    node.write("node_modules/left/package.json", json.dumps({"name": "left", "main": "left.js"}))
    node.write("node_modules/left/left.js", 'module.exports = "left";')
    node.write("node_modules/left/more.js", 'module.exports = "more";')
    node.write("node_modules/@scope/right/package.json", json.dumps({"name": "@scope/right", "exports": "./r.mjs"}))
    node.write("node_modules/@scope/right/r.mjs", 'export default "right";')
    return node


@pytest.mark.parametrize("pin", ["", "@1.0.0", "@^1.0"])
def test_a_step_imports_packages_of_the_package_json_beside_it_pinned_or_not(package: NodeSteps, pin: str) -> None:
    package.add(
        "code",
        f"""import left from "left{pin}"; import right from "@scope/right{pin}";
        const more = require("left{pin}/more.js");
        export default {{ run: () => [left, right, more] }};""",
    )

    assert package.run().steps["code"]["$return_value"] == ["left", "right", "more"]


@pytest.mark.parametrize("suffix", [".cjs", ".js"])
@pytest.mark.parametrize("pin", ["", "@1.0.0", "@^1.0"])
def test_a_step_with_module_exports_requires_packages_pinned_or_not(package: NodeSteps, pin: str, suffix: str) -> None:
    package.write("helper.cjs", f'module.exports = require("left{pin}/more.js");')
    package.add(
        "code",
        f'const left = require("left{pin}"); module.exports = {{ run: () => [left, require("./helper.cjs")] }};',
        suffix=suffix,
    )

    assert package.run().steps["code"]["$return_value"] == ["left", "more"]


@pytest.mark.parametrize("pin", ["", "@0.19.2"])
@pytest.mark.parametrize(
    ("suffix", "source"),
    [
        (".mjs", 'import axios from "axiosPIN"; export default { run() {} };'),
        (".cjs", 'const axios = require("axiosPIN"); module.exports = { run() {} };'),
    ],
)
def test_a_package_that_is_not_installed_is_named(node: NodeSteps, pin: str, suffix: str, source: str) -> None:
    node.add("code", source.replace("PIN", pin), suffix=suffix)

    run = node.run()

    assert run.error is not None
    assert run.error.type == "PackageNotInstalled"
    assert run.error.message.startswith("The package axios is not installed: name it in a package.json beside")


def test_a_file_that_is_not_there_is_named(node: NodeSteps) -> None:
    node.add("code", 'import a from "./missing.mjs"; export default { run() {} };')

    run = node.run()

    assert run.error is not None
    assert "missing.mjs" in run.error.message


def test_environment_variables_are_there(node: NodeSteps) -> None:
    assert node.run_code("return typeof process.env.PATH;").steps["code"]["$return_value"] == "string"


def test_variables_of_a_step_are_its_own(node: NodeSteps) -> None:
    node.code("first", "const secret = 1; return secret;")
    node.code("second", "return typeof secret;")

    assert node.run().steps["second"]["$return_value"] == "undefined"


LOGGING = """
console.log("log", { a: 1 });
console.error("error");
console.warn("warn");
console.info("info");
console.debug("debug");
console.dir({ name: "Luke" });
console.table([{ a: 1 }]);
console.assert(1 > 2, "asserted");
"""


def test_what_a_step_logs_is_in_the_runs_log(node: NodeSteps, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")

    run = node.run_code(LOGGING)

    lines = [vars(record) for record in caplog.records if record.message == "step_logged"]
    assert [(line["levelno"], line["text"]) for line in lines if "│" not in line["text"]] == [
        (logging.INFO, "log { a: 1 }"),
        (logging.ERROR, "error"),
        (logging.WARNING, "warn"),
        (logging.INFO, "info"),
        (logging.DEBUG, "debug"),
        (logging.INFO, "{ name: 'Luke' }"),
        (logging.WARNING, "Assertion failed: asserted"),
    ]
    assert "│ 0       │ 1 │" in next(line["text"] for line in lines if "│" in line["text"])
    assert {(line["run_id"], line["step"]) for line in lines} == {(run.result.run_id, "code")}


def test_a_log_that_is_too_much_is_cut_and_says_so(node: NodeSteps, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    node.run_code("for (let n = 0; n < 5000; n += 1) console.log(n);")

    lines = [vars(record)["text"] for record in caplog.records if record.message == "step_logged"]
    assert len(lines) == 1001
    assert lines[-1] == "What the step logs from here on is left out: it is too much."


def test_what_a_step_or_its_programs_print_does_not_disturb_the_answer(node: NodeSteps) -> None:
    run = node.run_code(
        """const { execSync } = await import("node:child_process");
        process.stdout.write("noise");
        (await import("node:fs")).writeSync(1, '{"exports": {}}\\nnoise without an end');
        execSync("echo noise", { stdio: "inherit" });
        return 1;"""
    )

    assert run.steps["code"] == {"$return_value": 1}
