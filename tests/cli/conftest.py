"""A running `tailrace dev` for the commands that talk to one."""

from collections.abc import Iterator

import pytest

from tests.support.dev import Dev, greeting, running_dev

ORDERS = '''"""Takes orders."""

from tailrace.pd import Pd
from tailrace.workflow import Workflow

workflow = Workflow("p_orders")


@workflow.step
def check(pd: Pd) -> object:
    order = pd.steps["trigger"]["event"]["body"]
    if order == "empty":
        return pd.flow.exit("nothing to do")
    if order == "respond":
        pd.respond({"status": 418, "body": "a teapot"})
    return order


@workflow.step
def place(pd: Pd) -> None:
    event = pd.steps["trigger"]["event"]
    told = {"query": event["query"], "kind": event["headers"].get("content-type"), "x": event["headers"].get("x-name")}
    pd.send.sse(channel="orders", payload={"order": pd.steps["check"]["$return_value"]})
    pd.send.sse(channel="told", payload=told)
    if pd.steps["check"]["$return_value"] == "fail":
        raise ValueError("no [such] order")
'''


@pytest.fixture(scope="module")
def orders_dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """A system with the workflows `p_hello`, `p_orders` and `p_hook`, and a module that cannot be imported."""
    with running_dev(tmp_path_factory.mktemp("project")) as dev:
        dev.write_workflow("orders", ORDERS)
        dev.write_workflow("broken", "import a_package_that_is_not_there\n")
        dev.write_workflow("hook", greeting("p_hook", "open").replace('"p_hook")', '"p_hook", public=True)'))
        yield dev
