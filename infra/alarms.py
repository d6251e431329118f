"""The alarms: each says in one sentence what to do; docs/operations.md tells more.

A number that is zero is often not written at all, so what is missing is no alarm.
"""

from collections.abc import Iterator

from infra.alarm_spec import AlarmSpec
from infra.run_alarms import run_alarms
from infra.stream_alarms import stream_alarms
from infra.watched import Watched


def alarms(watched: Watched) -> Iterator[AlarmSpec]:
    """Every alarm of a stage, the user's view first."""
    if watched.streams is not None:
        yield from stream_alarms(watched.measures, watched.streams, watched.event_log)
    yield from run_alarms(watched)
