import pytest

from tailrace.testing import run_workflow
from tailrace.values import Json
from workflows.orders import workflow


def order(**changes: Json) -> Json:
    items = [{"name": "light sabre", "price": 250, "quantity": 2}, {"name": "cape", "price": 40, "quantity": 1}]
    return {"id": "A-17", "items": items, **changes}


def test_order_is_placed_and_its_progress_told() -> None:
    run = run_workflow(workflow, body=order())

    assert [event.channel for event in run.sent] == ["progress", "orders", "progress"]
    assert run.sent[0].payload == {"text": "Order A-17 is priced", "percent": 50}
    assert run.sent[1].payload.items() >= {"id": "A-17", "total": 540}.items()
    assert run.sent[2].payload == {"text": "Order A-17 is placed", "percent": 100}


def test_caller_is_answered_with_the_orders_place_and_price() -> None:
    response = run_workflow(workflow, body=order()).response

    assert response is not None
    assert (response.status, response.headers) == (201, {"Location": "/orders/A-17"})
    assert response.body == {
        "id": "A-17",
        "lines": [{"name": "light sabre", "total": 500}, {"name": "cape", "total": 40}],
        "total": 540,
    }


@pytest.mark.parametrize(
    ("body", "reason", "error"),
    [
        (None, "no id", "An order needs an id."),
        ("text", "no id", "An order needs an id."),
        ({"items": [1]}, "no id", "An order needs an id."),
        (order(items=[]), "no items", "Order A-17 has no items."),
    ],
)
def test_order_without_id_or_items_ends_the_run_early(body: Json, reason: str, error: str) -> None:
    run = run_workflow(workflow, body=body)

    assert (run.status, run.exit_reason, run.sent) == ("Exited", reason, [])
    assert run.response is not None
    assert (run.response.status, run.response.body) == (422, {"error": error})


def test_order_that_cannot_be_priced_sends_nothing() -> None:
    run = run_workflow(workflow, body=order(items=[{"name": "cape"}]))

    assert (run.status, run.sent) == ("Failed", [])
    assert run.error is not None
    assert run.error.step == "price"
