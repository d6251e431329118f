"""Actions that several of the workflows here use."""

from typing import Annotated

from pydantic import Field

from tailrace import Pd, action

Percent = Annotated[int, Field(ge=0, le=100, description="how far the run has come, 0 to 100")]


@action
def report_progress(pd: Pd, *, text: str, percent: Percent, channel: str = "progress") -> None:
    """Tell everyone who watches how far a run has come."""
    pd.send.sse(channel=channel, payload={"text": text, "percent": percent})
