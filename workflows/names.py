"""Many sends, one flush: all four names become visible together, in this order, when the run has ended.

curl -X POST $API/pipelines/p_names/events -H "Authorization: Bearer $KEY"
"""

from tailrace import Pd, Workflow

workflow = Workflow("p_names")


@workflow.step
def names(pd: Pd) -> None:
    """Send each name; nothing has to be awaited."""
    for name in ["Luke", "Han", "Leia", "Obi Wan"]:
        pd.send.sse(channel="names", payload={"name": name})
