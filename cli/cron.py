"""When a cron expression of EventBridge Scheduler comes due: six fields, with its `?`, `L`, `W` and `#`."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

_ANY = "?"
_SATURDAY, _SUNDAY = 7, 1
_WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """The days and the times of day of one expression; `tailrace.schedule` has checked it."""

    times: tuple[time, ...]
    months: frozenset[int]
    years: frozenset[int]
    days_of_month: tuple[str, ...]
    days_of_week: tuple[str, ...]

    @classmethod
    def parse(cls, expression: str) -> "Cron":
        """Read `cron(minutes hours day-of-month month day-of-week year)`."""
        minutes, hours, days, months, weekdays, years = expression.removeprefix("cron(").removesuffix(")").split()
        at = sorted(time(hour, minute) for hour in _values(hours, 0, 23) for minute in _values(minutes, 0, 59))
        return cls(
            times=tuple(at),
            months=_values(months, 1, 12, MONTHS),
            years=_values(years, 1970, 2199),
            days_of_month=tuple(days.split(",")),
            days_of_week=tuple(weekdays.upper().split(",")),
        )

    @property
    def last_year(self) -> int:
        """After this year it never comes due again."""
        return max(self.years)

    def includes(self, day: date) -> bool:
        """Whether it comes due on a day."""
        if day.month not in self.months or day.year not in self.years:
            return False
        if self.days_of_month == (_ANY,):
            return any(_is_weekday(part, day) for part in self.days_of_week)
        return any(_is_day_of_month(part, day) for part in self.days_of_month)


def _values(field: str, first: int, last: int, words: Sequence[str] = ()) -> frozenset[int]:
    """The numbers that a field names; words count from 1. A range whose end comes first goes round."""
    numbers: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        low, dash, high = span.partition("-")
        if span == "*":
            begin, end = first, last
        else:
            begin = _number(low, words)
            end = _number(high, words) if dash else last if step else begin
        named = [*range(begin, end + 1)] if begin <= end else [*range(begin, last + 1), *range(first, end + 1)]
        numbers.update(named[:: int(step or 1)])
    return frozenset(numbers)


def _number(text: str, words: Sequence[str]) -> int:
    return words.index(text.upper()) + 1 if text.upper() in words else int(text)


def _is_day_of_month(part: str, day: date) -> bool:
    last = monthrange(day.year, day.month)[1]
    if part == "L":
        return day.day == last
    if part.endswith("W"):
        return day.day == _nearest_working_day(int(part[:-1]), last, day)
    return day.day in _values(part, 1, 31)


def _nearest_working_day(wanted: int, last: int, day: date) -> int | None:
    """The working day that is nearest to a day of the same month; None where the month has no such day."""
    if wanted > last:
        return None
    weekday = _weekday(day.replace(day=wanted))
    if weekday == _SATURDAY:
        return wanted - 1 if wanted > 1 else wanted + 2
    if weekday == _SUNDAY:
        return wanted + 1 if wanted < last else wanted - 2
    return wanted


def _is_weekday(part: str, day: date) -> bool:
    weekday = _weekday(day)
    if part == "L":
        return weekday == _SATURDAY
    if part.endswith("L"):
        last = monthrange(day.year, day.month)[1]
        return weekday == int(part[:-1]) and day.day > last - _WEEK
    if "#" in part:
        wanted, _, which = part.partition("#")
        return weekday == int(wanted) and (day.day - 1) // _WEEK + 1 == int(which)
    return weekday in _values(part, 1, 7, DAYS)


def _weekday(day: date) -> int:
    return day.isoweekday() % _WEEK + 1
