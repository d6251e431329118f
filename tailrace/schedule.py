"""When a workflow runs by itself: `rate(5 minutes)`, or `cron(0 8 ? * MON-FRI *)`, as EventBridge Scheduler reads them.

Source: Amazon EventBridge Scheduler User Guide, "Schedule types".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tailrace.errors import InvalidWorkflow

UTC: Final = "Etc/UTC"

_RATE = re.compile(r"rate\((?P<value>[1-9][0-9]{0,4}) (?P<unit>minute|hour|day)s?\)")
_CRON = re.compile(r"cron\((?P<fields>[^()]*)\)")
_TIMEZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """One of a cron expression's six fields: what it may say."""

    name: str
    first: int
    last: int
    words: tuple[str, ...] = ()
    specials: str = r"(?!)"
    """What else it may be, as a regular expression; by default nothing."""

    def accepts(self, text: str) -> bool:
        return all(self._accepts_part(part) for part in text.split(","))

    def _accepts_part(self, part: str) -> bool:
        if re.fullmatch(self.specials, part):
            return True
        span, slash, step = part.partition("/")
        if slash and not (step.isascii() and step.isdigit() and 1 <= int(step) <= self.last):
            return False
        if span == "*":
            return True
        first, dash, last = span.partition("-")
        return self._accepts_value(first) and (not dash or self._accepts_value(last))

    def _accepts_value(self, text: str) -> bool:
        if text.upper() in self.words:
            return True
        return text.isascii() and text.isdigit() and self.first <= int(text) <= self.last


_FIELDS = (
    _Field(name="minutes", first=0, last=59),
    _Field(name="hours", first=0, last=23),
    _Field(name="day of month", first=1, last=31, specials=r"\?|L|[1-9]W|[12][0-9]W|3[01]W"),
    _Field(name="month", first=1, last=12, words=tuple(_MONTHS)),
    _Field(name="day of week", first=1, last=7, words=tuple(_DAYS), specials=r"\?|[1-7]?L|[1-7]#[1-5]"),
    _Field(name="year", first=1970, last=2199),
)
_DAY_OF_MONTH, _DAY_OF_WEEK = 2, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a workflow runs by itself; make one with `parse`."""

    expression: str
    """As EventBridge Scheduler takes it."""
    timezone: str = UTC
    """A cron expression's; an interval has none, but the times that it tells are in it."""
    interval: timedelta | None = None
    """Of `rate(…)`; None for `cron(…)`."""

    @classmethod
    def parse(cls, text: str, *, timezone: str = UTC) -> "Schedule":
        """Read an expression.

        Raises:
            InvalidWorkflow: it is neither `rate(…)` nor `cron(…)`, or says something impossible.
        """
        if not _TIMEZONE.fullmatch(timezone):
            raise InvalidWorkflow(f"{timezone!r} is no time zone; write one such as Europe/Berlin.")
        if match := _RATE.fullmatch(text):
            return cls._every(int(match["value"]), match["unit"], timezone)
        if match := _CRON.fullmatch(text):
            _check_cron(text, match["fields"].split())
            return cls(expression=f"cron({' '.join(match['fields'].split())})", timezone=timezone)
        raise InvalidWorkflow(
            f"{text!r} is no schedule; write rate(5 minutes), with minutes, hours or days, or cron(0 8 * * ? *)."
        )

    @classmethod
    def _every(cls, value: int, unit: str, timezone: str) -> "Schedule":
        units = unit if value == 1 else f"{unit}s"
        return cls(expression=f"rate({value} {units})", timezone=timezone, interval=timedelta(**{f"{unit}s": value}))

    def trigger_event(self, due: datetime) -> Mapping[str, object]:
        """What a workflow that was due finds in `pd.steps["trigger"]["event"]`."""
        rule: dict[str, object]
        if self.interval is not None:
            rule = {"interval_seconds": int(self.interval.total_seconds())}
        else:
            rule = {"cron": self.expression.removeprefix("cron(").removesuffix(")")}
        return {"timestamp": int(due.timestamp()), **rule, "timezone": self.timezone}


def _check_cron(text: str, fields: list[str]) -> None:
    if len(fields) != len(_FIELDS):
        names = ", ".join(field.name for field in _FIELDS)
        raise InvalidWorkflow(f"{text!r} has {len(fields)} fields; a cron expression has six: {names}.")
    for field, value in zip(_FIELDS, fields, strict=True):
        if not field.accepts(value):
            raise InvalidWorkflow(f"{text!r}: {value!r} says nothing about {field.name}.")
    if (fields[_DAY_OF_MONTH] == "?") == (fields[_DAY_OF_WEEK] == "?"):
        raise InvalidWorkflow(f"{text!r}: write ? for either day of month or day of week, and not for both.")
