"""One step, one send: greets whom the request names.

curl -X POST $API/pipelines/p_hello/events -H "Authorization: Bearer $KEY" -d '{"name": "Luke Skywalker"}'
"""

from tailrace import Pd, Workflow

workflow = Workflow("p_hello")


@workflow.step
def hello(pd: Pd) -> None:
    """Send the name to the channel `events`."""
    body = pd.steps["trigger"]["event"]["body"]
    name = body.get("name", "world") if isinstance(body, dict) else "world"
    pd.send.sse(channel="events", payload={"name": name})
