"""An order goes through several steps: exports, an action, an early exit, and an answer of the workflow's own.

curl -X POST $API/pipelines/p_orders/events -H "Authorization: Bearer $KEY" \
  -d '{"id": "A-17", "items": [{"name": "light sabre", "price": 250, "quantity": 2}]}'
"""

from typing import Any

from tailrace import Pd, Workflow
from workflows._actions import report_progress

workflow = Workflow("p_orders", on_error="discard")


@workflow.step
def check(pd: Pd) -> dict[str, Any] | None:
    """Return the order; end the run here where there is nothing to do."""
    order = pd.steps["trigger"]["event"]["body"]
    if not isinstance(order, dict) or not order.get("id"):
        pd.respond({"status": 422, "body": {"error": "An order needs an id."}})
        return pd.flow.exit("no id")
    if not order.get("items"):
        pd.respond({"status": 422, "body": {"error": f"Order {order['id']} has no items."}})
        return pd.flow.exit("no items")
    return {"id": order["id"], "items": order["items"]}


@workflow.step
def price(pd: Pd) -> None:
    """Export what the order costs, for the steps that follow."""
    items = pd.steps["check"]["items"]
    pd.export("lines", [{"name": item["name"], "total": item["price"] * item["quantity"]} for item in items])
    pd.export("total", sum(item["price"] * item["quantity"] for item in items))


workflow.step(report_progress, text="Order {{steps.check.id}} is priced", percent=50)


@workflow.step
async def place(pd: Pd) -> None:
    """Send the order to everyone who watches; one event an order, one channel for all."""
    await pd.send.sse(
        channel="orders",
        payload={"id": pd.steps["check"]["id"], "total": pd.steps["price"]["total"], "placed_at": pd.context.ts},
    )


workflow.step("report_placed", report_progress, text="Order {{steps.check.id}} is placed", percent=100)


@workflow.step
def confirm(pd: Pd) -> None:
    """Answer the caller with the order's place and price."""
    order = pd.steps["check"]["id"]
    pd.respond(
        {
            "status": 201,
            "headers": {"Location": f"/orders/{order}"},
            "body": {"id": order, "lines": pd.steps["price"]["lines"], "total": pd.steps["price"]["total"]},
        }
    )
