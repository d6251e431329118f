"""Fails half-way: what was sent before the failure is delivered, and the failing step's own sends with it.

With `Workflow("p_half_way", on_error="discard")` nothing would be.

curl -X POST $API/pipelines/p_half_way/events -H "Authorization: Bearer $KEY"
"""

from tailrace import Pd, Workflow
from workflows._actions import report_progress

workflow = Workflow("p_half_way")

workflow.step(report_progress, text="begun", percent=0)


@workflow.step
def divide(pd: Pd) -> float:
    """Send, and fail."""
    pd.send.sse(channel="progress", payload={"text": "dividing", "percent": 50})
    return 1 / 0


workflow.step("report_end", report_progress, text="never sent", percent=100)
