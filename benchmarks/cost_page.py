"""The tables of docs/cost.md, computed."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from benchmarks import marked
from benchmarks.markdown import markdown
from benchmarks.running import ROOT
from cli.bill import FULL_ENOUGH, MINUTES, Fleet, Use, by_use, delivering, running, sent_gb
from cli.other_bills import OTHERS
from cli.prices import FRONT_FREE_GB, FRONT_TIERS, PRICES, Price
from infra.cost import idle_cost
from infra.stages import stage_config

PAGE = ROOT / "docs" / "cost.md"
_MILLION = 1_000_000
_UNBOUND = float("inf")
_TB = 1_000
Bill: TypeAlias = Callable[[Use], float]
MONTHS = (
    ("10 M events to 50 clients each, 50 clients", Use(events=10 * _MILLION, clients=50, followers=50)),
    ("10 M events to 5 clients each, 1,000 clients", Use(events=10 * _MILLION, clients=1_000, followers=5)),
    ("10 M events to 50 clients each, 1,000 clients", Use(events=10 * _MILLION, clients=1_000, followers=50)),
    ("100,000 events to one client each, 20 clients", Use(events=100_000, clients=20, followers=1)),
    ("100,000 events to one client each, 10,000 clients", Use(events=100_000, clients=10_000, followers=1)),
)
"""Months to compare."""


def filled(page: str) -> str:
    """The page, with its tables as they are computed."""
    parts = {"idle": _idle(), "million": _million(), "others": _others(), "prices": _prices(), "traffic": _traffic()}
    return marked.fill(page, "cost", parts)


def _idle() -> str:
    dev, prod = (idle_cost(stage_config(stage)) for stage in ("dev", "prod"))
    rows = [[what, *(f"{bill.get(what, 0):.2f}" for bill in (dev, prod))] for what in {**dev, **prod}]
    sums = [f"**{sum(bill.values()):.2f}**" for bill in (dev, prod)]
    return markdown(["idle, dollars a month", "dev", "prod"], [*rows, ["**together**", *sums]])


def _million() -> str:
    event = Use(events=_MILLION, clients=0, followers=0)
    used = by_use(event, Fleet())
    a_run = Use(events=_MILLION, clients=0, followers=0, events_a_run=1)
    minute = Use(events=0, clients=_MILLION / MINUTES, followers=0)
    return markdown(
        ["by use", "dollars"],
        [
            ["a million events, ten a run: their place in the log, kept for 30 days", _cents(used, "Event log")],
            ["the same: their notices to 2 tasks", _cents(used, "Notices")],
            ["the same, one event a run: log and notices", f"{sum(by_use(a_run, Fleet()).values()):.2f}"],
            ["a million runs of half a second at 1 GB, with their requests", f"{running(a_run):.2f}"],
            ["a million deliveries of 300 bytes, once CloudFront's free terabyte is used up", f"{_delivery():.2f}"],
            ["a million connection minutes: keepalives beyond that terabyte", f"{_traffic_of(minute):.2f}"],
            ["the same: the load balancer's capacity units", _cents(by_use(minute, Fleet()), "Load balancer")],
            ["the same: tasks, of which each has 1,500 streams", f"{_tasks_a_minute():.2f}"],
        ],
    )


def _cents(lines: dict[str, float], beginning: str) -> str:
    [dollars] = [dollars for what, dollars in lines.items() if what.startswith(beginning)]
    return f"{dollars:.2f}"


def _delivery() -> float:
    return _traffic_of(Use(events=_MILLION, clients=0, followers=1))


def _traffic_of(use: Use) -> float:
    return sent_gb(use) * FRONT_TIERS[0][1]


def _tasks_a_minute() -> float:
    one = Fleet(tasks=1)
    return one.compute / (one.streams_per_task * FULL_ENOUGH) / MINUTES * _MILLION


def _others() -> str:
    bills: list[Bill] = [lambda use: delivering(use, Fleet()), *OTHERS.values()]
    rows = [[title, *(f"{bill(use):,.0f}" for bill in bills)] for title, use in MONTHS]
    return markdown(["a month", "Tailrace", *OTHERS], rows)


def _prices() -> str:
    return markdown(["price", "dollars", "source"], _price_rows())


def _price_rows() -> Iterable[list[str]]:
    for price in PRICES:
        yield [_unit(price), f"{price.dollars:.10f}".rstrip("0").rstrip("."), price.source]


def _unit(price: Price) -> str:
    return f"a million {price.unit}" if price.each > 1 else f"one {price.unit}"


def _traffic() -> str:
    rows = [[_up_to(end), f"{dollars:.3f}"] for end, dollars in FRONT_TIERS]
    return markdown(["GB from CloudFront in a month", "dollars each"], [[_up_to(FRONT_FREE_GB), "0"], *rows])


def _up_to(gigabytes: float) -> str:
    return f"up to {gigabytes / _TB:,.0f} TB" if gigabytes != _UNBOUND else "beyond"
