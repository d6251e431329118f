import pytest

from tailrace.testing import run_workflow
from tailrace.values import Json
from workflows.hello import workflow


def test_whom_the_request_names_is_greeted() -> None:
    assert run_workflow(workflow, body={"name": "Luke Skywalker"}).sent == [("events", {"name": "Luke Skywalker"})]


@pytest.mark.parametrize("body", [None, "text", {}, [1]])
def test_whoever_is_not_named_is_the_world(body: Json) -> None:
    assert run_workflow(workflow, body=body).sent == [("events", {"name": "world"})]
