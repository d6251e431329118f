"""When a workflow is due next, by its schedule."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cli.cron import Cron
from tailrace.schedule import Schedule

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def next_due(schedule: Schedule, *, after: datetime) -> datetime | None:
    """The first time after another at which a schedule comes due; None where it never does again.

    The times of a rate count from 1970 on, so that they stay the same however often the system is started; in AWS they
    count from the deployment. As there, a time that a day does not have, since clocks go forward, is left out, and one
    that it has twice counts once.

    Raises:
        ZoneInfoNotFoundError: this machine does not know the schedule's time zone.
    """
    if schedule.interval is not None:
        return _BEGINNING + ((after - _BEGINNING) // schedule.interval + 1) * schedule.interval
    cron, zone = Cron.parse(schedule.expression), ZoneInfo(schedule.timezone)
    day = after.astimezone(zone).date()
    while day.year <= cron.last_year:
        for at in cron.times if cron.includes(day) else ():
            wanted = datetime.combine(day, at, zone)
            due = wanted.astimezone(UTC)
            exists = due.astimezone(zone).replace(tzinfo=None) == wanted.replace(tzinfo=None)
            if exists and due > after:
                return due
        day += timedelta(days=1)
    return None
