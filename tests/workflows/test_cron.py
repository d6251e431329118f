from datetime import UTC, datetime, timedelta

from tailrace.testing import run_workflow
from workflows.cron import workflow


def test_time_of_the_run_is_told() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)

    ((channel, payload),) = run_workflow(workflow).sent

    assert channel == "events"
    assert before <= datetime.fromisoformat(payload["time"]) <= datetime.now(UTC)
