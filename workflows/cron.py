"""Tells the time: the stream of events that a schedule makes.

curl -X POST $API/pipelines/p_cron/events -H "Authorization: Bearer $KEY"
"""

from tailrace import Pd, Workflow

workflow = Workflow("p_cron", schedule="rate(1 minute)")


@workflow.step
def tell_time(pd: Pd) -> None:
    """Send the time at which this run began."""
    pd.send.sse(channel="events", payload={"time": pd.context.ts})
