"""Two languages in one workflow: Pipedream steps, as they are, between steps in Python; each sees the others' data.

curl -X POST $API/pipelines/p_mixed/events -H "Authorization: Bearer $KEY" -d '{"planet": "Tatooine"}'
"""

from tailrace import Pd, Workflow

workflow = Workflow("p_mixed")


@workflow.step
def planet(pd: Pd) -> str:
    """Return where the crew is, for the steps that follow."""
    body = pd.steps["trigger"]["event"]["body"]
    name = str(body.get("planet") or "Hoth") if isinstance(body, dict) else "Hoth"
    pd.send.sse(channel="progress", payload={"text": f"Landed on {name}", "percent": 0})
    return name


workflow.node_step("steps/names.mjs")
workflow.node_step("steps/greet.mjs", planet="{{steps.planet.$return_value}}", excited=True)


@workflow.step
def sum_up(pd: Pd) -> None:
    """Send what the step in JavaScript exported and returned."""
    greet = pd.steps["greet"]
    pd.send.sse(channel="progress", payload={"text": greet["$summary"], "percent": 100})
    pd.respond({"status": 200, "body": greet["$return_value"]})
